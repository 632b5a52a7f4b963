import {
  AssignTag,
  CaseTag,
  type Context,
  type Emitter,
  type Expression,
  evalToken,
  type Filter,
  IfTag,
  isTruthy,
  type Liquid,
  LiquidError,
  Output,
  RenderError,
  RenderTag,
  type Template,
  type Token,
  TypeGuards,
  toValue,
  toValueSync,
  UnlessTag,
  type Value,
} from 'liquidjs'

/** Answers a part's value in one drawing; with `lenient` null for what is not there. */
type Reads = (ctx: Context, lenient: boolean) => unknown
type Draws = (ctx: Context, emitter: Emitter) => void

interface Drawn {
  template: Template
  draw: Draws
}

/** What liquidjs keeps to itself of its parts. */
interface Inside {
  context: { scopes: object[]; environments: object; globals: object }
  filter: { handler(this: object, ...values: unknown[]): unknown; token: Token; liquid: Liquid }
  assign: { key: string; value: Value }
  render: {
    file: unknown
    currentFile?: string
    hash: { hash: Record<string, Token | undefined> }
    with?: unknown
    forBinding?: unknown
  }
}

/**
 * Lets an engine draw without its generators: liquidjs suspends and resumes one for every word of a template, so that a
 * template may wait for something, and none of ours may. A page is drawn in a quarter of the time. What pages are
 * made of, by count, is drawn here: plain text, outputs, conditions, `assign` and `render`; every other tag draws
 * itself, and its contents come back here. Results and errors are those of liquidjs.
 */
export function drawDirectly(engine: Liquid): void {
  const known = new WeakMap<readonly Template[], readonly Drawn[]>()

  function drawAll(templates: readonly Template[], ctx: Context, emitter: Emitter): void {
    for (const { template, draw } of drawn(templates)) {
      try {
        draw(ctx, emitter)
      } catch (error) {
        throw LiquidError.is(error) ? error : new RenderError(error as Error, template)
      }
      if (ctx.breakCalled || ctx.continueCalled) return
    }
  }

  function drawn(templates: readonly Template[]): readonly Drawn[] {
    const made = known.get(templates)
    if (made) return made
    const making = templates.map((template) => ({ template, draw: drawsOf(template) }))
    known.set(templates, making)
    return making
  }

  function drawsOf(template: Template): Draws {
    if (TypeGuards.isHTMLToken(template.token)) {
      const text = template.token.getContent()
      return (_ctx, emitter) => emitter.write(text)
    }
    if (template instanceof Output) {
      const read = readsOfValue(template.value)
      return (ctx, emitter) => emitter.write(toValue(read(ctx, false)))
    }
    if (template instanceof IfTag) return drawsBranches(template.branches, template.elseTemplates)
    if (template instanceof UnlessTag) return drawsBranches(template.branches, template.elseTemplates)
    if (template instanceof CaseTag) return drawsCase(template)
    if (template instanceof AssignTag) {
      const { key, value } = template as unknown as Inside['assign']
      const read = readsOfValue(value)
      return (ctx) => {
        ctx.bottom()[key] = read(ctx, true)
      }
    }
    if (template instanceof RenderTag) return drawsPart(template) ?? drawsItself(template)
    return drawsItself(template)
  }

  function drawsItself(template: Template): Draws {
    return (ctx, emitter) => {
      const html = toValueSync(template.render(ctx, emitter) as never)
      if (html) emitter.write(html)
    }
  }

  function drawsBranches(branches: (IfTag | UnlessTag)['branches'], otherwise: readonly Template[] = []): Draws {
    const read = branches.map((branch) => ({
      holds: 'test' in branch ? branch.test : isTruthy,
      value: readsOfValue(branch.value),
      templates: branch.templates,
    }))
    return (ctx, emitter) => {
      const found = read.find(({ value, holds }) => holds(toValue(value(ctx, true)), ctx))
      drawAll(found ? found.templates : otherwise, ctx, emitter)
    }
  }

  function drawsCase({ value, branches, elseTemplates }: CaseTag): Draws {
    const target = readsOfValue(value)
    const read = branches.map(({ values, templates }) => ({ values: values.map(readsOf), templates }))
    return (ctx, emitter) => {
      const wanted = toValue(target(ctx, true))
      let hit = false
      for (const { values, templates } of read) {
        if (!values.some((one) => areEqual(wanted, one(ctx, true), ctx))) continue
        hit = true
        drawAll(templates, ctx, emitter)
      }
      if (!hit) drawAll(elseTemplates, ctx, emitter)
    }
  }

  /** A part of a name that is written down; null for others. */
  function drawsPart(template: RenderTag): Draws | null {
    const { file, currentFile, hash, with: one, forBinding: each } = template as unknown as Inside['render']
    if (typeof file !== 'string' || one || each) return null
    const values = Object.entries(hash.hash).map(([name, token]) => [name, token ? readsOf(token) : () => true] as const)
    let templates: Template[] | undefined
    return (ctx, emitter) => {
      templates ??= toValueSync(engine._parsePartialFile(file, true, currentFile)) as Template[]
      const inner = ctx.spawn()
      const scope = inner.bottom()
      for (const [name, read] of values) scope[name] = read(ctx, false)
      drawAll(templates, inner, emitter)
    }
  }

  function readsOfValue({ initial, filters }: Value): Reads {
    const read = readsOfExpression(initial)
    const through = filters.map(passesThrough)
    const hasDefault = filters[0]?.name === 'default'
    return (ctx, lenient) => {
      let value = read(ctx, lenient || hasDefault)
      for (const pass of through) value = pass(value, ctx)
      return value
    }
  }

  function passesThrough(filter: Filter): (value: unknown, ctx: Context) => unknown {
    const { handler, token, liquid } = filter as unknown as Inside['filter']
    const args = filter.args.map((arg) => {
      if (!Array.isArray(arg)) return readsOf(arg)
      const [name, named] = arg
      const read = named ? readsOf(named) : () => undefined
      return (ctx: Context) => [name, read(ctx, false)]
    })
    return (value, context) => {
      const filtering = { context, token, liquid }
      if (args.length === 0) return settled(handler.call(filtering, value))
      return settled(handler.call(filtering, value, ...args.map((read) => read(context, false))))
    }
  }

  function readsOfExpression({ postfix }: Expression): Reads {
    const [first] = postfix
    if (postfix.length === 1 && first) return readsOf(first)
    const parts = postfix.map((token) => (TypeGuards.isOperatorToken(token) ? token.operator : readsOf(token)))
    return (ctx, lenient) => {
      const operands: unknown[] = []
      for (const part of parts) {
        if (typeof part !== 'string') operands.push(part(ctx, lenient))
        else {
          const right = operands.pop()
          operands.push(part === 'not' ? operate(part, ctx, right) : operate(part, ctx, operands.pop(), right))
        }
      }
      return operands[0]
    }
  }

  function operate(operator: string, ctx: Context, ...[left, right]: unknown[]): unknown {
    if (operator === '==') return areEqual(left, right, ctx)
    if (operator === '!=') return !areEqual(left, right, ctx)
    const operators = engine.options.operators as Record<string, (...operands: unknown[]) => unknown>
    const result = operator === 'not' ? operators.not?.(left, ctx) : operators[operator]?.(left, right, ctx)
    return toValueSync(result as never)
  }

  function areEqual(left: unknown, right: unknown, ctx: Context): boolean {
    if (isPlain(left) && isPlain(right)) return left === right
    const equal = engine.options.operators['=='] as unknown as (left: unknown, right: unknown, ctx: Context) => never
    return Boolean(toValueSync(equal(left, right, ctx)))
  }

  const renderTemplates = (templates: Template[], ctx: Context, emitter: Emitter = collects()) => {
    drawAll(templates, ctx, emitter)
    return emitter.buffer
  }
  Object.assign(engine.renderer, { renderTemplates })
}

/** Reads a literal, or a path of names. Whatever else there is, and every error, is left to liquidjs. */
function readsOf(token: Token): Reads {
  if ('content' in token) return () => token.content
  const left: Reads = (ctx, lenient) => toValueSync(evalToken(token, ctx, lenient) as never)
  if (!TypeGuards.isPropertyAccessToken(token) || token.variable) return left
  const names = token.props.map((prop) => ('content' in prop ? prop.content : null))
  if (!names.every((name) => typeof name === 'string' || typeof name === 'number')) return left
  return (ctx, lenient) => {
    const value = lookUp(ctx, names as (string | number)[])
    if (value !== undefined) return value
    return lenient ? null : left(ctx, lenient)
  }
}

function lookUp(ctx: Context, names: readonly (string | number)[]): unknown {
  let value: unknown = scopeOf(ctx, names[0] ?? '')
  for (const name of names) {
    value = settled(ctx.readProperty(value as object, name))
    if (value === undefined) return undefined
  }
  return value
}

function scopeOf(ctx: Context, name: string | number): object {
  const { scopes, environments, globals } = ctx as unknown as Inside['context']
  for (let at = scopes.length - 1; at >= 0; at--) {
    const scope = scopes[at] as object
    if (name in scope) return scope
  }
  return name in environments ? environments : globals
}

/** What a generator of liquidjs comes to; all else as it is. */
function settled(value: unknown): unknown {
  return typeof value === 'object' ? toValueSync(value as never) : value
}

function isPlain(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function')
}

function collects(): Emitter {
  return {
    buffer: '',
    write(html: unknown) {
      this.buffer += textOf(html)
    },
  }
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  const plain: unknown = toValue(value)
  if (plain === null || plain === undefined) return ''
  return Array.isArray(plain) ? plain.map(textOf).join('') : String(plain)
}

import { describe, expect, test } from '@jest/globals'
import { Liquid } from 'liquidjs'
import { drawDirectly } from '../../src/text/draw-directly.ts'

const PARTS = {
  part: '<{{ a }}|{{ outer }}>',
  plain: '<{{ a }}>',
  frame: 'top {{ way }} {% block one %}first{% endblock %} {% block two %}second{% endblock %} end',
}

// What liquidjs itself makes of a template is the measure.
const TEMPLATES: readonly string[] = [
  'text only',
  '{{ name }} {{ person.name }} {{ person["name"] }} {{ list[1] }} {{ list.size }} {{ list.first }} {{ list.last }} {{ nothing }}',
  '{{ "<quoted>" }} {{ 4.5 }} {{ true }} {{ nil }} {{ (1..3) | join: "-" }} {{ list }} {{ at }}',
  '{{ name | upcase | append: "!" | raw }} {{ name | say: one: 1, two: person.name }} {{ absent | default: "d" }} {{ people | where: "old" | map: "name" }}',
  '{% if absent %}a{% elsif name == "<Ann>" %}b{% else %}c{% endif %}{% if empty_text %}e{% endif %}{% if zero %}z{% endif %}',
  '{% if name and no %}a{% elsif name or no %}b{% endif %}{% if not no %}c{% endif %}{% if list contains 2 %}d{% endif %}',
  '{% if list == empty %}a{% endif %}{% if no_list == empty %}b{% endif %}{% if empty_text == blank %}c{% endif %}{% if nothing == nil %}d{% endif %}',
  '{% if zero < 1 and 2 >= 2 and person != name %}a{% endif %}{% if list == same_list %}b{% endif %}',
  '{% unless no %}a{% else %}b{% endunless %}{% unless name %}a{% elsif zero %}c{% endunless %}',
  '{% case name %}{% when "x", "<Ann>" %}a{% when "<Ann>" %}again{% else %}b{% endcase %}{% case zero %}{% when 1 %}a{% else %}b{% endcase %}',
  '{% assign x = absent %}{% if x %}a{% else %}b{% endif %}{% assign x = name | upcase %}{{ x }}{% if true %}{% assign x = 1 %}{% endif %}{{ x }}',
  '{% for one in people %}{{ forloop.index }}{{ one.name }}{% if forloop.last %}.{% else %},{% endif %}{% else %}none{% endfor %}',
  '{% for one in list %}{% if one == 2 %}{% continue %}{% endif %}{{ one }}{% if one == 3 %}{% break %}{% endif %}{% endfor %}',
  '{% capture kept %}<b>{{ name }}</b>{% endcapture %}{{ kept }}{% comment %}{{ absent }}{% endcomment %}{% raw %}{{ raw }}{% endraw %}',
  `{% render 'plain', a: name %}{% assign a = 'own' %}{% include 'plain' %}{% render 'plain', a: person.name %}{{ a }}`,
  `{% render 'plain' with name as a %}{% render 'plain' for list as a %}`,
  `{% layout 'frame', way: 2 %}{% block one %}mine {{ name }} {{ block.super }}{% endblock %}`,
  '{{ absent }}',
  '{{ person.absent.more }}',
  '{{ name | say: one: absent }}',
  '{% if name == absent %}a{% endif %}',
  `{% render 'part', a: name %}`,
  `{% render 'plain', a: absent %}`,
  '{{ globe }}{% for n in list %}{{ globe }}{% endfor %}{{ constructor }}',
  '{{ name | breaks }}',
]

const PROPS = {
  name: '<Ann>',
  person: { name: 'Bo & Co' },
  list: [1, 2, 3, 4],
  same_list: [1, 2, 3, 4],
  no_list: [],
  people: [
    { name: 'Cy', old: true },
    { name: 'Di', old: false },
  ],
  nothing: null,
  no: false,
  zero: 0,
  empty_text: '',
  at: new Date('2026-11-22T10:00:00Z'),
}

describe('templates that are drawn directly', () => {
  test.each(TEMPLATES)('are what liquidjs makes of them: %s', (source) => {
    expect(outcome(source, true)).toBe(outcome(source, false))
  })

  test('fall back on liquidjs for no tag of the common ones: it is asked for no generator of theirs', () => {
    const engine = engineWith(true)
    const template = engine.parse('{{ name }}{% if name %}a{% endif %}{% assign x = 1 %}{% case x %}{% when 1 %}b{% endcase %}')
    for (const part of template) Object.assign(part, { render: () => expect(part).toBeUndefined() })
    expect(engine.renderSync(template, PROPS)).toBe('&lt;Ann&gt;ab')
  })
})

function outcome(source: string, directly: boolean): string {
  const engine = engineWith(directly)
  try {
    return engine.renderSync(engine.parse(source), PROPS, { globals: { globe: 'G' } }) as string
  } catch (error) {
    const { name, message } = error as Error
    return `${name}: ${message}`
  }
}

function engineWith(directly: boolean): Liquid {
  const engine = new Liquid({
    templates: PARTS,
    cache: true,
    strictVariables: true,
    strictFilters: true,
    lenientIf: true,
    ownPropertyOnly: true,
    outputEscape: 'escape',
  })
  engine.registerFilter('say', (key: string, ...values: unknown[]) => `${key} ${JSON.stringify(values)}`)
  engine.registerFilter('breaks', () => {
    throw new Error('it breaks')
  })
  if (directly) drawDirectly(engine)
  return engine
}

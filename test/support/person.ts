import { type CookieJar, createCookieJar } from './cookie-jar.ts'
import { type Form, formsOf, textOf } from './html.ts'
import { type Answer, type Sending, send } from './http.ts'
import type { Service } from './service.ts'

/** A page as a person without JavaScript gets it. */
export interface Page extends Answer {
  forms: readonly Form[]
  /** Where the answer redirects to, absolute. */
  location: string | null
  /** The visible words. */
  words: string
}

/** One browser without a window: cookies, forms, redirects. Nothing happens that is not asked for. */
export interface Visitor {
  jar: CookieJar
  /** One request with this browser's cookies; no redirect is followed. */
  get(url: string, headers?: Record<string, string>): Promise<Page>
  post(url: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Page>
  /** Sends a form of a page: its own values, then these, then the button's. No redirect is followed. */
  submit(form: Form, fields?: Record<string, string>, button?: string): Promise<Page>
  /** Follows redirects inside the issuer, up to a page or a redirect that leaves it (`location` is set then). */
  follow(page: Page): Promise<Page>
  /** `get`, then `follow`. */
  open(url: string): Promise<Page>
}

type Instance = Pick<Service, 'issuer' | 'port' | 'clockSeconds'>

const USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const REDIRECTS_MAX = 15

/** A new browser. Its requests to the issuer go to this instance; its cookies age with the instance's clock. */
export function createVisitor(service: Instance): Visitor {
  const jar = createCookieJar(() => Date.now() + service.clockSeconds * 1000)
  const common = { 'user-agent': USER_AGENT, accept: 'text/html,*/*;q=0.8', 'accept-language': 'en' }

  async function exchange(url: string, sending: Sending): Promise<Page> {
    const cookie = jar.header(url)
    const headers = { ...common, ...(cookie ? { cookie } : {}), ...sending.headers }
    const answer = await send(url, { ...sending, headers, via: service })
    jar.keep(url, answer.setCookies)
    return asPage(answer)
  }

  const get: Visitor['get'] = (url, headers = {}) =>
    exchange(url, {
      headers: { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', ...headers },
    })

  const post: Visitor['post'] = (url, fields, headers = {}) => {
    const { origin } = new URL(url)
    const own = { origin, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    return exchange(url, { method: 'POST', body: fields, headers: { ...own, ...headers } })
  }

  const submit: Visitor['submit'] = (form, fields = {}, wanted) => {
    const button = form.buttons.find(({ value }) => wanted !== undefined && value === wanted)
    if (wanted !== undefined && !button) throw new Error(`the form at ${form.action} has no button ${wanted}`)
    const values = { ...form.values, ...fields, ...(button?.name ? { [button.name]: button.value } : {}) }
    if (form.method === 'POST') return post(button?.action ?? form.action, values)
    const url = new URL(button?.action ?? form.action)
    url.search = new URLSearchParams(values).toString()
    return get(url.href)
  }

  const follow: Visitor['follow'] = async (start) => {
    let page = start
    for (let count = 0; count < REDIRECTS_MAX; count++) {
      if (page.location === null || new URL(page.location).origin !== service.issuer) return page
      page = await get(page.location)
    }
    throw new Error(`more than ${REDIRECTS_MAX} redirects, the last to ${page.location}`)
  }

  return { jar, get, post, submit, follow, open: async (url) => follow(await get(url)) }
}

/** Where codes arrive, by mail or by text. */
interface CodeBox {
  next(to: string): Promise<{ code: string | null }>
}

export interface SignInOptions {
  /** The authorization request, as the relying party sends it. */
  authorizeUrl: string
  /** An email address, or a phone number. */
  email: string
  /** The browser to use; without it a new one. */
  visitor?: Visitor
  /** What to answer where consent is asked for. */
  consent?: 'allow' | 'cancel'
}

/**
 * Walks through a sign-in by emailed code as a person without JavaScript does, and answers the URL at which
 * the relying party gets its response. A page that asks for something else is an error that quotes it.
 */
export async function signIn(service: Instance, mailbox: CodeBox, options: SignInOptions): Promise<string> {
  const visitor = options.visitor ?? createVisitor(service)
  let page = await visitor.open(options.authorizeUrl)
  let mail: { code: string | null } | null = null
  for (let step = 0; step < 8; step++) {
    if (page.location !== null) return page.location
    const identify = formWith(page, 'identifier')
    const answer = formWith(page, 'code')
    const consent = page.forms.find(({ buttons }) => buttons.some(({ name, value }) => name === 'answer' && value === 'allow'))
    if (identify) {
      page = await visitor.submit(identify, { identifier: options.email })
    } else if (answer && !mail) {
      mail = await mailbox.next(options.email)
      page = await visitor.submit(answer, { code: mail.code ?? '' })
    } else if (consent) {
      page = await visitor.submit(consent, {}, options.consent ?? 'allow')
    } else {
      throw new Error(`no way on from ${page.url} (${page.status}): ${page.words}`)
    }
    page = await visitor.follow(page)
  }
  throw new Error(`the sign-in does not end; it stands at ${page.url}: ${page.words}`)
}

/** The form of a page that has this field. */
export function formWith(page: Page, field: string): Form | undefined {
  return page.forms.find(({ fields }) => fields.includes(field))
}

function asPage(answer: Answer): Page {
  const { location } = answer.headers
  const html = /html/.test(answer.headers['content-type'] ?? '')
  return {
    ...answer,
    location: location === undefined ? null : new URL(location, answer.url).href,
    forms: html ? formsOf(answer.text, answer.url) : [],
    words: html ? textOf(answer.text) : answer.text,
  }
}

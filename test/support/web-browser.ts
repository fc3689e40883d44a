// A browser, as far as a sign-in needs one: it keeps cookies by origin, follows redirects, and fills in the two forms of the
// provider's pages. Origins may stand for servers elsewhere, as a proxy in front of the API does.

export interface Page {
  /** As the address line shows it. */
  readonly url: string
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface WebBrowser {
  /** By origin, then name. */
  readonly cookies: Map<string, Map<string, string>>
  /** One request, without following what it answers. */
  open(url: string): Promise<Page>
  /** Follows redirects to the first answer that is none, or to the first address of which `until` is true, unopened. */
  follow(url: string, until?: (url: string) => boolean): Promise<Page>
  /** Signs in at the provider, and agrees to what the client asks for: the address that it sends the browser back to. */
  signInAt(url: string, options: { readonly sub: string; readonly callback: string }): Promise<string>
}

const maxRedirects = 10

/** Of the value's form in a header: name, value, and whether it ends the cookie. */
function readCookie(header: string): { name: string; value: string; isOver: boolean } {
  const [pair = '', ...attributes] = header.split(';').map((part) => part.trim())
  const at = pair.indexOf('=')
  const isOver = attributes.some((one) => /^max-age=0$/i.test(one) || /^expires=thu, 01 jan 1970/i.test(one))
  return { name: pair.slice(0, at), value: pair.slice(at + 1), isOver }
}

export function createWebBrowser(servers: Readonly<Record<string, string>> = {}): WebBrowser {
  const cookies = new Map<string, Map<string, string>>()
  const jarOf = (origin: string): Map<string, string> => {
    const jar = cookies.get(origin) ?? new Map<string, string>()
    cookies.set(origin, jar)
    return jar
  }
  async function send(url: string, form?: Record<string, string>): Promise<Page> {
    const { origin, pathname, search } = new URL(url)
    const jar = jarOf(origin)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(`${servers[origin] ?? origin}${pathname}${search}`, {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: cookie === '' ? {} : { cookie },
      body: form === undefined ? null : new URLSearchParams(form),
    })
    for (const header of response.headers.getSetCookie()) {
      const { name, value, isOver } = readCookie(header)
      if (isOver) jar.delete(name)
      else jar.set(name, value)
    }
    return { url, status: response.status, headers: response.headers, text: await response.text() }
  }
  async function follow(page: Page, until: (url: string) => boolean): Promise<Page> {
    let last = page
    for (let count = 0; count < maxRedirects; count += 1) {
      const location = last.headers.get('location')
      if (last.status < 300 || last.status > 399 || location === null) return last
      const url = new URL(location, last.url).href
      if (until(url)) return { ...last, url }
      last = await send(url)
    }
    throw new Error(`${page.url} redirects without an end.`)
  }
  return {
    cookies,
    open: (url) => send(url),
    follow: async (url, until = () => false) => follow(await send(url), until),
    signInAt: async (url, { sub, callback }) => {
      const isBack = (address: string): boolean => address.startsWith(callback)
      let page = await follow(await send(url), isBack)
      for (const form of [{ prompt: 'login', login: sub, password: 'any' }, { prompt: 'consent' }]) {
        if (isBack(page.url)) break
        if (!page.text.includes(`value="${form.prompt}"`)) throw new Error(`No form for ${form.prompt}: ${page.text}`)
        page = await follow(await send(page.url, form), isBack)
      }
      if (!isBack(page.url)) throw new Error(`The provider doesn’t send back: ${page.status} ${page.text}`)
      return page.url
    },
  }
}

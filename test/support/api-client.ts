// A small REST client for tests: JSON in, JSON out, with a user's token.
import { randomUUID } from 'node:crypto'

export interface ApiAnswer<Body> {
  readonly status: number
  readonly headers: Headers
  readonly body: Body
}

type Json = Record<string, any> // eslint-disable-line typescript/no-explicit-any -- a test reads what it expects

export interface ApiClient {
  readonly apiUrl: string
  readonly token: string | undefined
  request(method: string, path: string, options?: RequestOptions): Promise<ApiAnswer<Json>>
  get(path: string): Promise<ApiAnswer<Json>>
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer<Json>>
  upload(file: UploadFile, fields?: Record<string, string>): Promise<ApiAnswer<Json>>
}

export interface RequestOptions {
  readonly body?: unknown
  /** Sent as it is, instead of `body`. */
  readonly raw?: FormData | string | Uint8Array<ArrayBuffer>
  readonly headers?: Record<string, string>
}

export interface UploadFile {
  readonly filename: string
  readonly bytes: Uint8Array
}

export function createApiClient(apiUrl: string, token?: string): ApiClient {
  const request = async (method: string, path: string, options: RequestOptions = {}): Promise<ApiAnswer<Json>> => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    if (options.body !== undefined) headers['content-type'] = 'application/json'
    const body = options.raw ?? (options.body === undefined ? null : JSON.stringify(options.body))
    const url = path.startsWith('/api/') || path.startsWith('/openapi') ? `${apiUrl}${path}` : `${apiUrl}/api/v1${path}`
    const response = await fetch(url, { method, headers: { ...headers, ...options.headers }, body })
    const text = await response.text()
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } }
  }
  return {
    apiUrl,
    token,
    request,
    get: (path) => request('GET', path),
    post: (path, body = {}, headers = {}) => request('POST', path, { body, headers }),
    upload: ({ filename, bytes }, fields = {}) => {
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.append(name, value)
      form.append('file', new Blob([Uint8Array.from(bytes)]), filename)
      return request('POST', '/documents', { raw: form })
    },
  }
}

export interface Credentials {
  readonly email: string
  readonly password: string
}

/** Registers a new user with a random address, logs in, and gives a client with the token. */
export async function signUp(apiUrl: string): Promise<ApiClient & Credentials & { readonly userId: string }> {
  const anonymous = createApiClient(apiUrl)
  const email = `user-${randomUUID()}@example.org`
  const password = `correct horse ${randomUUID()}`
  const registered = await anonymous.post('/auth/register', { email, password, displayName: 'Test User' })
  if (registered.status !== 201) throw new Error(`register: ${registered.status} ${JSON.stringify(registered.body)}`)
  return { ...(await signIn(apiUrl, { email, password })), userId: registered.body['user'].id, email, password }
}

export async function signIn(apiUrl: string, { email, password }: Credentials): Promise<ApiClient> {
  const login = await createApiClient(apiUrl).post('/auth/login', { email, password })
  if (login.status !== 200) throw new Error(`login: ${login.status} ${JSON.stringify(login.body)}`)
  return createApiClient(apiUrl, login.body['accessToken'])
}

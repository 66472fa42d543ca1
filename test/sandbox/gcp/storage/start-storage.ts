/** Cloud Storage with one bucket, for uploads as the operator and reads as an anonymous client. */
import type { TestContext } from 'node:test'
import { type StartedGoogle, startGoogle } from '../start-google.ts'

export const bucket = '/storage/v1/b/example-issuers'
export const name = 'one/openid/v1/jwks'
export const objectPath: string = `${bucket}/o/${encodeURIComponent(name)}`
export const related = { 'content-type': 'multipart/related; boundary=b' } as const

export function multipart(metadata: object, content: string, type = 'application/jwk-set+json'): string {
  const part = (of: string, text: string) => `--b\r\nContent-Type: ${of}\r\n\r\n${text}\r\n`
  return `${part('application/json; charset=UTF-8', JSON.stringify(metadata))}${part(type, content)}--b--\r\n`
}

type Send = StartedGoogle['send']

export interface StartedStorage extends StartedGoogle {
  readonly upload: (content: string, query?: Record<string, string>, token?: string) => ReturnType<Send>
  /** As an anonymous client. */
  readonly read: (path: string) => ReturnType<Send>
}

export async function startStorage(t: TestContext, access: 'public' | 'private' = 'public'): Promise<StartedStorage> {
  const started = await startGoogle(t)
  started.google.store.putBucket('example-issuers', { access })
  const { send } = started
  return {
    ...started,
    upload: (content, query = {}, token) => {
      const parameters = new URLSearchParams({ uploadType: 'multipart', ...query }).toString()
      const call = `POST /upload${bucket}/o?${parameters}`
      const metadata = { name, contentType: 'application/jwk-set+json', cacheControl: 'public, max-age=300' }
      return send('storage', call, { body: multipart(metadata, content), headers: related, ...(token && { token }) })
    },
    read: (path) => send('storage', `GET ${path}`, { token: '' }),
  }
}

/** `oidc.example.com`, a reader's own web server: it serves a folder of the guide, or passes on to a local port. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SandboxHandler, SandboxResponse } from '../../sandbox/serve/handler.ts'

export interface OwnWebServer {
  readonly handler: SandboxHandler
  readonly serveFolder: (folder: string) => void
  /** `origin`: http://127.0.0.1:PORT. */
  readonly passOnTo: (origin: string) => void
}

export function createOwnWebServer(): OwnWebServer {
  let answer: SandboxHandler = () => ({ status: 404 })
  return {
    handler: (request) => answer(request),
    serveFolder(folder) {
      answer = ({ path }) => fileAnswer(join(folder, path))
    },
    passOnTo(origin) {
      answer = async ({ path }) => {
        const passed = await fetch(`${origin}${path}`, { redirect: 'manual' })
        const headers = Object.fromEntries(
          ['content-type', 'cache-control', 'etag'].flatMap((name) => {
            const value = passed.headers.get(name)
            return value === null ? [] : [[name, value]]
          }),
        )
        return { status: passed.status, headers, body: await passed.text() }
      }
    },
  }
}

/** The handler's paths are decoded, and none leads out of a URL's root. */
async function fileAnswer(file: string): Promise<SandboxResponse> {
  try {
    const headers = { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' }
    return { status: 200, headers, body: await readFile(file, 'utf8') }
  } catch {
    return { status: 404 } // nothing is there, or a folder
  }
}

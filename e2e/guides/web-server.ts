/** `oidc.example.com`, a reader's own web server: it serves a folder of the guide, or forwards to a local port. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SandboxHandler, SandboxResponse } from '../../sandbox/serve/handler.ts'

export interface WebServer {
  readonly handler: SandboxHandler
  readonly serveFolder: (folder: string) => void
  /** `origin`: http://127.0.0.1:PORT. */
  readonly forwardTo: (origin: string) => void
}

export function createWebServer(): WebServer {
  let handle: SandboxHandler = () => ({ status: 404 })
  return {
    handler: (request) => handle(request),
    serveFolder(folder) {
      handle = ({ path }) => readFileResponse(join(folder, path))
    },
    forwardTo(origin) {
      handle = async ({ path }) => {
        const upstream = await fetch(`${origin}${path}`, { redirect: 'manual' })
        const headers = Object.fromEntries(
          ['content-type', 'cache-control', 'etag'].flatMap((name) => {
            const value = upstream.headers.get(name)
            return value === null ? [] : [[name, value]]
          }),
        )
        return { status: upstream.status, headers, body: await upstream.text() }
      }
    },
  }
}

/** Paths are decoded and normalized by the server, so none leaves the folder. */
async function readFileResponse(file: string): Promise<SandboxResponse> {
  try {
    const headers = { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' }
    return { status: 200, headers, body: await readFile(file, 'utf8') }
  } catch {
    return { status: 404 } // does not exist, or is a folder
  }
}

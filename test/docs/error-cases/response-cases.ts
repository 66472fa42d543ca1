/** Errors about invalid responses, and about the server that responds. */
import { type ErrorCases, refresh, refreshWithFault } from './error-case.ts'

const html = { 'content-type': 'text/html' }

export const responseCases: ErrorCases = {
  RESPONSE_MALFORMED: (sandbox) =>
    refreshWithFault(sandbox, 'sts', {
      kind: 'response',
      response: { status: 200, headers: html, body: '<!DOCTYPE html><title>Sign in</title>' },
    }),

  RESPONSE_TOO_LARGE: (sandbox) =>
    refreshWithFault(sandbox, 'sts', {
      kind: 'response',
      response: { status: 200, body: ' '.repeat(1024 * 1024 + 1) },
    }),

  REDIRECT_REFUSED: (sandbox) =>
    refreshWithFault(sandbox, 'sts', {
      kind: 'response',
      response: { status: 302, headers: { location: 'https://login.example.com/' }, body: '' },
    }),

  CERTIFICATE_UNTRUSTED: (sandbox) => refresh(sandbox, [], { PULLPASS_CA_FILE: undefined }),

  PROXY_FAILED: (sandbox) =>
    refresh(sandbox, [], {
      HTTPS_PROXY: 'http://127.0.0.1:1',
      PULLPASS_GCP_STS_ENDPOINT: 'https://sts.googleapis.com', // only the proxy would connect to it: nothing is sent
    }),
}

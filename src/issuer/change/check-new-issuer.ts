/** Whether a URL is fit to become an issuer: clouds can take it, and it can stand in YAML and in a shell as it is. */
import { PullpassError } from '../../outside/pullpass-error.ts'
import { quote } from '../../outside/quote.ts'
import { checkIssuerUrl } from '../documents/check-issuer-url.ts'

/** Without quotes, in a snippet or a command. */
export const isPlainUrl = (url: string): boolean => /^https?:\/\/[A-Za-z0-9][\w.:~%@+/-]*$/.test(url)

/** `from`: what named it, for the message. ISSUER_UNUSABLE, or undefined. */
export function checkNewIssuer(issuer: string, from: string): PullpassError | undefined {
  const fault = checkIssuerUrl(issuer, from)
  if (fault !== undefined || isPlainUrl(issuer)) return fault
  return new PullpassError({
    code: 'ISSUER_UNUSABLE',
    hop: 'discovery',
    seen: `${from} is ${quote(issuer)}: it has characters that mean something to a shell or to YAML`,
    expected: 'letters, digits and . _ ~ - / : % @ +',
    hint: 'choose another path: clouds compare it letter by letter, so a plain one is the safe one',
  })
}

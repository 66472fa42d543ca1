/** Whether clouds can take this URL as an issuer at all, before anything is asked of it. OpenID Connect Discovery 1.0 §3. */
import { PullpassError } from '../../outside/pullpass-error.ts'
import { quote } from '../../outside/quote.ts'

/** The defaults of Kubernetes' distributions: names that exist inside a cluster alone. */
const inside = /(^|\.)(svc|internal|local|localdomain|cluster\.local)$|^kubernetes(\.default)?$/

/** Far more than any distribution's: clouds' limits are their own findings. */
const longestIssuer = 2000

/** `from`: what named it, for the message. ISSUER_UNUSABLE, or undefined. */
export function checkIssuerUrl(issuer: string, from: string): PullpassError | undefined {
  const why = whyUnusable(issuer)
  if (why === undefined) return undefined
  return new PullpassError({
    code: 'ISSUER_UNUSABLE',
    hop: 'discovery',
    seen: `${from} is ${quote(issuer)}: ${why}`,
    expected: 'https://HOST/PATH, which anybody on the internet can read: no user, query or fragment',
    hint: from.startsWith('--')
      ? `correct ${from}: it is what tokens are to carry, letter by letter, and where clouds then read the documents`
      : 'another issuer has to be set: pullpass issuer show prints the steps, by distribution',
  })
}

function whyUnusable(issuer: string): string | undefined {
  // A parser drops or encodes what is not of these; tokens, trust and terminals would have it as it came.
  if (/[^\x21-\x7e]/.test(issuer)) return 'a URL has none but printable ASCII characters, and no blank'
  if (issuer.length > longestIssuer)
    return `it has ${issuer.length} characters, and ${longestIssuer} are enough for any`
  const url = URL.parse(issuer)
  if (url === null) return 'it is no URL'
  if (url.protocol !== 'https:') return 'clouds read an issuer by https alone'
  if (url.username !== '' || url.password !== '') return 'a user stands in it'
  if (/[?#]/.test(issuer)) return 'an issuer has no query or fragment'
  if (inside.test(url.hostname)) return 'its name exists inside the cluster alone'
  return undefined
}

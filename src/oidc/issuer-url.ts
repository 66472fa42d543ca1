/** Whether clouds accept this URL as an issuer, before anything is requested from it. OpenID Connect Discovery 1.0 §3. */
import { PullpassError } from '../errors/pullpass-error.ts'
import { quote } from '../text/plain-text.ts'

/** Names that exist only inside a cluster: the defaults of Kubernetes distributions. */
const inside = /(^|\.)(svc|internal|local|localdomain|cluster\.local)$|^kubernetes(\.default)?$/

/** Much longer than that of any distribution; limits of clouds are separate findings. */
const longestIssuer = 2000

/** `from`: where it is configured, for the message. ISSUER_UNUSABLE, or undefined. */
export function checkIssuerUrl(issuer: string, from: string): PullpassError | undefined {
  const why = whyUnusable(issuer)
  if (why === undefined) return undefined
  return new PullpassError({
    code: 'ISSUER_UNUSABLE',
    hop: 'discovery',
    seen: `${from} is ${quote(issuer)}: ${why}`,
    expected: 'https://HOST/PATH, readable from the internet without credentials: no user, query or fragment',
    hint: from.startsWith('--')
      ? `correct ${from}: tokens contain exactly this URL, and clouds read the documents from it`
      : 'another issuer has to be set: pullpass issuer show prints the steps, by distribution',
  })
}

function whyUnusable(issuer: string): string | undefined {
  // A URL parser drops or encodes other characters; tokens and trust policies contain them as they are.
  if (/[^\x21-\x7e]/.test(issuer)) return 'a URL has only printable ASCII characters without spaces'
  if (issuer.length > longestIssuer) return `it has ${issuer.length} characters, more than ${longestIssuer}`
  const url = URL.parse(issuer)
  if (url === null) return 'it is not a URL'
  if (url.protocol !== 'https:') return 'clouds read issuer metadata only over https'
  if (url.username !== '' || url.password !== '') return 'it contains a user name'
  if (/[?#]/.test(issuer)) return 'an issuer has no query or fragment'
  if (inside.test(url.hostname)) return 'its name exists only inside the cluster'
  return undefined
}

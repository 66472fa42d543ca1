/**
 * Detects a credential in the wrong place: a JWT, a PEM block, a password or a signature in a URL, or the token prefixes of GitHub, GitLab,
 * Docker Hub, Google, AWS and Slack; and shows paths and URLs without credentials.
 * https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
 */

const credentials: readonly RegExp[] = [
  // A JWT's header and payload are JSON objects in base64url: `{"` begins as `eyJ`. So does a Docker configuration.
  /(?<!\w)eyJ[\w-]{8,4096}\.eyJ[\w-]{8}|(?<!\w)eyJ[\w-]{24}/,
  /-----BEGIN /,
  /ya29\.[\w.-]{16}|AIza[\w-]{30}|GOCSPX-[\w-]{16}/,
  /gh[oprsu]_[A-Za-z0-9]{16}|github_pat_\w{16}|glpat-[\w-]{16}/,
  /dckr_[op]at_[\w-]{16}/,
  /(?<![A-Za-z0-9])A(?:KI|SI)A[A-Z2-7]{16}/,
  /xox[abeoprs]-[\w-]{16}/,
  // Signed URLs of Azure, AWS and Google.
  /[?&](?:sig|X-Amz-Signature|X-Goog-Signature)=./i,
]

export function looksLikeSecret(text: string): boolean {
  return credentials.some((credential) => credential.test(text)) || holdsPassword(text)
}

/** The end of a name, perhaps with a number. `token_format` and `requested_token_type` describe a credential. */
const secretName =
  /(?:secret|passw(?:or)?d|passphrase|passcode|token|assertion|credential|(?:api|private|access|secret|shared|sas|account|storage|signing|encryption|master|client|subscription|functions)[_-]?key)s?(?:[_-]?value)?[_-]?[0-9]{0,4}$/i
/** Only as whole words: not `bypass`. */
const secretWord = /(?:^|[^A-Za-z])(?:pwd|pass|otp|authorization)[_-]?[0-9]{0,4}$/i
const secretCamelWord = /[a-z0-9](?:Pwd|Pass|Otp|OTP|Authorization)[0-9]{0,4}$/

/** Whether a field or parameter of this name contains a credential: `client_secret`, `x-api-key`, `subject_token`. */
export const namesSecret = (name: string): boolean =>
  name.length <= 256 && [secretName, secretWord, secretCamelWord].some((pattern) => pattern.test(name))

/** `user:` and the start of a password, but not the port of `https://host:443/path@sha256:…`. */
const userAndPassword = /:\/\/[^/:]{0,256}:(?!\d{1,5}\/)./
const longestPassword = 1024
const longest = '://'.length + 256 + ':'.length + longestPassword

/** `://user:password@`. Linear: each part before `@` is matched once; one pattern would restart at every `://`. */
function holdsPassword(text: string): boolean {
  const before = text.split('@').slice(0, -1)
  return before.some((part) => userAndPassword.test(part.slice(-longest).split(/\s/).at(-1) ?? ''))
}

/** A file path for messages; users sometimes paste a file's content instead of its path. */
export function showPath(path: string): string {
  return looksLikeSecret(path) ? 'a path that looks like a credential, not shown,' : path
}

/** A URL for errors and the log: without user, and without the query, which can be a signature. */
export function showUrl(url: string): string {
  const parsed = URL.parse(url)
  if (parsed === null) return 'an invalid URL'
  const { protocol, host, pathname } = parsed
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`
}

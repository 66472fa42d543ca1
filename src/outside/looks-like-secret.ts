/**
 * Whether somebody put a credential where none belongs: a JWT, a PEM block, a password in a URL, or what GitHub, GitLab,
 * Docker Hub, Google, AWS and Slack begin their tokens with, so that scanners find them.
 * https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
 */

const credentials: readonly RegExp[] = [
  // A JWT's header and payload are JSON objects in base64url: `{"` begins as `eyJ`. So does a Docker configuration.
  /(?<!\w)eyJ[\w-]{8,4096}\.eyJ[\w-]{8}|(?<!\w)eyJ[\w-]{24}/,
  /-----BEGIN /,
  /:\/\/[^\s/:@]{0,256}:(?!\d{1,5}\/)[^\s@]{1,1024}@/, // user:password@, but not the port of `https://host:443/path@sha256:…`
  /ya29\.[\w.-]{16}|AIza[\w-]{30}|GOCSPX-[\w-]{16}/,
  /gh[oprsu]_[A-Za-z0-9]{16}|github_pat_\w{16}|glpat-[\w-]{16}/,
  /dckr_[op]at_[\w-]{16}/,
  /(?<![A-Za-z0-9])A(?:KI|SI)A[A-Z2-7]{16}/,
  /xox[abeoprs]-[\w-]{16}/,
]

export function looksLikeSecret(text: string): boolean {
  return credentials.some((credential) => credential.test(text))
}

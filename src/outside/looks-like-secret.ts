/** Whether somebody put a credential where none belongs: a JWT, one of Google's access tokens, a PEM block. */

/** A JWT's header and payload are JSON objects in base64url: `{"` begins as `eyJ`. */
const credential = /(?<!\w)eyJ[\w-]{8,}\.eyJ[\w-]{8,}|ya29\.[\w.-]{16}|-----BEGIN /

export function looksLikeSecret(text: string): boolean {
  return credential.test(text)
}

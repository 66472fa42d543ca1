/** Tokens of Azure: real ones are signed with RS256, and clients do not verify them. */
import { createHmac } from 'node:crypto'

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

export const signText = (text: string, key: Buffer): string =>
  createHmac('sha256', key).update(text).digest('base64url')

export function signJwt(claims: object, key: Buffer): string {
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`
  return `${text}.${signText(text, key)}`
}

export const secondsOf = (at: Date): number => Math.floor(at.getTime() / 1000)

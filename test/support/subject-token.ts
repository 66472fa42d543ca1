/** A subject token that is valid from 11:00 to 12:00 for the audience `sts`. */
import type { SubjectToken } from '../../src/identity/subject-token.ts'
import { Redacted } from '../../src/text/redacted.ts'

export const subjectToken: SubjectToken = {
  value: new Redacted('secret'),
  issuer: 'https://issuer.example.com',
  subject: 'system:serviceaccount:image-system:pullpass',
  audiences: ['sts'],
  issuedAt: new Date('2025-11-24T11:00:00Z'),
  expiresAt: new Date('2025-11-24T12:00:00Z'),
  keyId: 'key-1',
  algorithm: 'RS256',
  accountUid: undefined,
  pod: undefined,
  node: undefined,
}

/** Formats that the trust settings of several vendors have. */
import type { TextRule } from '../../document/field-rules.ts'

/** The format of --repository: one, or several separated by commas. `pattern`: of the whole list. */
export const repositoryList = (
  one: Pick<TextRule, 'expected' | 'knownMistake'>,
  pattern: RegExp,
  maxLength = 16_384,
): TextRule => ({
  pattern,
  maxLength,
  expected: `${one.expected}; several separated by commas`,
  knownMistake: (text) =>
    splitRepositories(text)
      .map((name) => one.knownMistake?.(name))
      .find((expected) => expected !== undefined),
})

export const splitRepositories = (text: string): string[] => text.split(',').map((one) => one.trim())

/** Of the certificate authority of an issuer's URL. */
export const certificateFingerprint: TextRule = {
  pattern: /^[0-9A-Fa-f]{40}$/,
  maxLength: 40,
  expected: 'the SHA-1 of a certificate: 40 hexadecimal digits',
  knownMistake: (written) =>
    /^(?:[0-9A-Fa-f]{2}:){19}[0-9A-Fa-f]{2}$/.test(written)
      ? `it without colons: ${written.replaceAll(':', '')}`
      : undefined,
}

/** Any text, for property tests, as `fc.string({ unit: 'binary' })`, of which each creation takes a second and 100 MiB. */
import fc from './fast-check.ts'

const surrogates = { first: 0xd800, count: 0x800 }
const lastCodePoint = 0x10ffff

/** A code point that is not a half of a pair. */
const unit = fc.nat(lastCodePoint - surrogates.count).map(
  (index) => String.fromCodePoint(index < surrogates.first ? index : index + surrogates.count),
  (text) => {
    const point = typeof text === 'string' ? text.codePointAt(0) : undefined
    if (point === undefined || text !== String.fromCodePoint(point)) throw new Error('not one code point')
    return point < surrogates.first ? point : point - surrogates.count
  },
)

export const anyText = (limits: Omit<fc.StringConstraints, 'unit'> = {}): fc.Arbitrary<string> =>
  fc.string({ ...limits, unit })

/** Applies a patch to the fields of its update mask (google.protobuf.FieldMask). */

type Fields = Readonly<Record<string, unknown>>

const oidcFields = ['issuerUri', 'allowedAudiences', 'jwksJson']

/** A field of the mask that was not sent is cleared. The messages are not confirmed. */
export function mergeByMask(
  current: object,
  sent: Fields,
  mask: string,
  mutable: readonly string[],
): { fields: Fields } | { error: string } {
  const fields = Object.fromEntries(Object.entries(current).filter(([name]) => mutable.includes(name)))
  const paths = mask
    .split(',')
    .map((path) => path.trim().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()))
  if (mask === '') return { error: 'The update mask is required.' }
  for (const path of paths) {
    const [name = '', inner, ...deeper] = path.split('.')
    const known = mutable.includes(name) && deeper.length === 0
    if (!known || (inner !== undefined && !(name === 'oidc' && oidcFields.includes(inner))))
      return { error: `Invalid field in the update mask: ${path}` }
    fields[name] = inner === undefined ? sent[name] : { ...Object(fields[name]), [inner]: Object(sent[name])[inner] }
  }
  // proto3: empty fields are unset.
  const withoutUnset = (entries: object) =>
    Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined && value !== ''))
  return {
    fields: withoutUnset({
      ...fields,
      ...(fields['oidc'] !== undefined && { oidc: withoutUnset(Object(fields['oidc'])) }),
    }),
  }
}

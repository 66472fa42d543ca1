/** The principal sets that include a federated identity. https://cloud.google.com/iam/docs/principal-identifiers */
import type { MappedIdentity } from './map-attributes.ts'

/** `pool`: its full name. */
export function memberSets(pool: string, { groups, attributes }: MappedIdentity): readonly string[] {
  const set = (rest: string) => `principalSet://iam.googleapis.com/${pool}/${rest}`
  const byAttribute = Object.entries(attributes).flatMap(([name, value]) =>
    [value].flat().map((one) => set(`attribute.${name}/${one}`)),
  )
  return [set('*'), ...groups.map((group) => set(`group/${group}`)), ...byAttribute]
}

/** Whether two JSON texts say the same, whatever their spaces and the order of members: others write them in forms of their own. */
import { isDeepStrictEqual } from 'node:util'
import { jsonOrNone } from '../../outside/json-fields.ts'

/** False where one of them is no JSON. */
export function saysTheSame(one: string, other: string): boolean {
  const [first, second] = [jsonOrNone(one), jsonOrNone(other)]
  return first !== undefined && isDeepStrictEqual(first, second)
}

/** Whether two JSON texts say the same, whatever their spaces are: a provider gives its keys back in a form of its own. */
import { jsonOrNone } from '../../outside/json-fields.ts'

/** False where one of them is no JSON. */
export function saysTheSame(one: string, other: string): boolean {
  const [first, second] = [jsonOrNone(one), jsonOrNone(other)]
  return first !== undefined && JSON.stringify(first) === JSON.stringify(second)
}

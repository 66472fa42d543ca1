/** A block of HCL as `terraform fmt` has it. https://developer.hashicorp.com/terraform/language/style */

/** Its name, and its value as HCL. */
export type HclAttribute = readonly [name: string, value: string]

/** `body`: attributes, those that follow one another in columns; and blocks within it. */
export function hclBlock(opening: string, body: readonly (HclAttribute | string)[]): string {
  const lines = body.map((part, at) => (typeof part === 'string' ? part : `${pad(part[0], body, at)} = ${part[1]}`))
  return `${opening} {\n${lines.map((line) => line.replaceAll(/^/gm, '  ')).join('\n')}\n}`
}

/** As wide as the widest name of the attributes that stand together there. */
function pad(name: string, body: readonly (HclAttribute | string)[], at: number): string {
  const before = body.slice(0, at).findLastIndex((part) => typeof part === 'string')
  const after = body.findIndex((part, index) => index > at && typeof part === 'string')
  const together = body.slice(before + 1, after < 0 ? undefined : after)
  return name.padEnd(Math.max(...together.map(([one]) => one?.length ?? 0)))
}

/** A block of HCL, its lines set in. */
export const hclBlock = (opening: string, lines: readonly string[]): string =>
  `${opening} {\n${lines.map((line) => line.replaceAll(/^/gm, '  ')).join('\n')}\n}`

/** A text as a comment of sh and of HCL: a line end within would end the comment. */
export const hashComment = (text: string): string => text.replaceAll(/^/gm, '# ')

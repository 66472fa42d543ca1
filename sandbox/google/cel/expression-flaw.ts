/** What is wrong with a CEL expression, in the words of its compiler. */
export class ExpressionFlaw extends Error {}

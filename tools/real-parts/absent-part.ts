/** Said by whatever cannot start or be built here: what is missing, and how to get it. Anything else that fails is a fault. */
export class AbsentPart extends Error {
  override readonly name = 'AbsentPart'
}

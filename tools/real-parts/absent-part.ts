/** A component cannot be started or built on this machine: the message names what is missing and how to install it. */
export class AbsentPart extends Error {
  override readonly name = 'AbsentPart'
}

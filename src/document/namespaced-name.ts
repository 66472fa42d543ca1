/** Which object of a cluster: its name within a namespace. */
export interface NamespacedName {
  readonly namespace: string
  readonly name: string
}

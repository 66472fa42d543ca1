/** Which ConfigMap remembers an issuer's keys, unless another is named. */

export const issuerMemory: { readonly namespace: string; readonly name: string } = {
  namespace: 'pullpass-system',
  name: 'pullpass-issuer',
}

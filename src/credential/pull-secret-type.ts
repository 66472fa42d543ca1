/** The type of the Secrets that pullpass writes, and that kubelets read. https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets */
export const pullSecretType = 'kubernetes.io/dockerconfigjson'

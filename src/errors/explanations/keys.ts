/** Signing keys: those that are served, published, recorded or revoked. */
import type { Section } from '../explanation.ts'

export const keysSection: Section = {
  title: 'Signing keys',
  introduction:
    'Published keys are those of the public JWKS, served keys those of the API servers. To publish: `pullpass issuer publish --to TARGET`, which omits keys that no vendor accepts and members that no verifier needs.',
  codes: {
    KEYS_UNUSABLE: {
      hops: ['discovery', 'publish', 'trust'],
      doctor: ['key'],
      issuerCheck: true,
      meaning:
        'The vendor accepts none of the keys, or all were revoked; what is published is not changed. Azure accepts RS256, Google also ES256.',
      action: 'Configure the API servers to sign with an RSA key (`--service-account-signing-key-file`).',
    },
    KEYS_MISSING: {
      doctor: ['key'],
      issuerCheck: true,
      meaning: 'The JWKS contains no key.',
      action: 'Publish the keys.',
    },
    KEYS_TOO_MANY: {
      doctor: ['key'],
      issuerCheck: true,
      meaning: 'The JWKS contains more keys than a vendor reads: AWS reads 100 of each type, Azure 100.',
      action: 'Remove keys that no longer sign.',
    },
    KEY_UNUSABLE: {
      doctor: ['key'],
      issuerCheck: true,
      meaning: 'The vendor does not accept some of the published keys. Tokens that they sign are refused.',
      action: 'Publish the keys again, or sign with an RSA key.',
    },
    KEY_ID_DUPLICATE: {
      doctor: ['key'],
      issuerCheck: true,
      meaning: 'Several keys have the same kid.',
      action: 'Publish each key once.',
    },
    KEY_MEMBER_UNEXPECTED: {
      doctor: ['key'],
      issuerCheck: true,
      meaning:
        'Keys have members that no verifier needs, such as `x5c` or `key_ops`. AWS was observed to refuse a key with `key_ops`.',
      action: 'Publish the keys again.',
    },
    PRIVATE_KEY_PUBLISHED: {
      doctor: ['key'],
      issuerCheck: true,
      meaning:
        '**A private key is public**: any reader can sign tokens for every ServiceAccount of the cluster. The key is not shown.',
      action: 'Remove it now, and replace the signing key of the cluster.',
    },
    ALGORITHM_UNSUPPORTED: {
      doctor: ['signature'],
      issuerCheck: true,
      meaning:
        "The vendor does not support the token's signature algorithm, or the published key with its kid has a different type.",
      action: 'Sign with an RSA key.',
    },
    KEY_UNPUBLISHED: {
      hops: ['publish'],
      doctor: ['publish', 'key'],
      issuerCheck: true,
      alarm: true,
      meaning:
        'The key that signed the token is not published. With `spec.issuer`, `refresh` publishes it first; if that fails, the token is not exchanged, and the last good credential is kept. `doctor` reports a warning.',
      action: 'Publish the keys of the cluster. For `refresh`, fix the cause that the error states.',
    },
    SERVED_KEY_UNPUBLISHED: {
      doctor: ['key'],
      meaning: 'API servers serve a key that is not published: tokens that it signs are refused.',
      action: 'Publish the key before it is used for signing, or run `pullpass issuer watch`.',
    },
    KEY_REVOKED: {
      doctor: ['key'],
      alarm: true,
      meaning: 'The cluster signs with a revoked key. pullpass does not publish or upload it again.',
      action: 'Configure the API servers to sign with another key.',
    },
    KEY_UNCONFIRMED: {
      alarm: true,
      meaning:
        'Only unknown API servers serve a key, so it is not published: [which API servers publish a key](issuer.md#which-api-servers-publish-a-key).',
      action:
        'Accept it with `--accept-key THUMBPRINT` if it is the key of the cluster; otherwise check who may write EndpointSlices in namespace `default`.',
    },
    PUBLISHED_KEY_UNKNOWN: {
      alarm: true,
      meaning: 'A published key was never served by an API server of the cluster.',
      action:
        'If it is not an earlier key of the cluster, revoke it (`pullpass issuer revoke KID --to TARGET`), and check who may write to the target.',
    },
    RECORDED_KEY_UNKNOWN: {
      alarm: true,
      meaning:
        'The ConfigMap with the key state contains a key that is neither served nor published. It is not published.',
      action:
        'If tokens signed by it are in use, serve it (`--service-account-key-file`); otherwise check who may write the ConfigMap.',
    },
    KEY_UNKNOWN: {
      hops: ['publish'],
      meaning: 'The argument of `pullpass issuer revoke` is not the kid of a served, published or recorded key.',
      action: '`pullpass inspect TOKEN_FILE` shows the key that signed the leaked token.',
    },
    KEY_IN_USE: {
      hops: ['publish'],
      meaning: 'The key to revoke signs tokens now, or is the only usable key: without it, every exchange is refused.',
      action:
        'First configure the API servers to sign with another key, which `issuer watch` publishes. If an interruption of all pulls is acceptable, pass `--yes`.',
    },
  },
}

/** Issuer metadata and issuer URLs, as `issuer check`, `doctor` and the publishing commands find them. */
import type { Section } from '../explanation.ts'

export const issuerSection: Section = {
  title: 'Issuer metadata',
  introduction:
    'The discovery document and the JWKS, as API servers serve them or as anonymous clients read them. `pullpass issuer publish --to TARGET` publishes them with all required fields.',
  codes: {
    DISCOVERY_NOT_FOUND: {
      hops: ['discovery'],
      doctor: ['discovery'],
      issuerCheck: true,
      meaning:
        '404 for the discovery document or the JWKS. An API server serves them only for an https issuer without query or fragment. At a public URL, the name may be wrong: it is `openid-configuration`.',
      action: 'For a cluster, configure an https issuer: `pullpass issuer show`. Otherwise publish them.',
    },
    DISCOVERY_FORBIDDEN: {
      hops: ['discovery'],
      doctor: ['discovery'],
      issuerCheck: true,
      meaning:
        '401 or 403: the user of the kubeconfig lacks the permission, or the documents are not public. Some stores, such as S3, respond so for an object that does not exist.',
      action:
        'For a cluster, bind ClusterRole `system:service-account-issuer-discovery`. Otherwise make the two documents public.',
    },
    DISCOVERY_MALFORMED: {
      hops: ['discovery'],
      doctor: ['discovery'],
      issuerCheck: true,
      meaning: 'The response is not a discovery document or not a JWKS: an HTML page, or other JSON.',
      action:
        'Check the address, and that no proxy or sign-in page intercepts the request. Publish the documents again.',
    },
    DISCOVERY_UNAVAILABLE: {
      hops: ['discovery'],
      doctor: ['discovery'],
      issuerCheck: true,
      meaning: 'No response (name resolution, connection, timeout, certificate, more than 1 MiB), or another status.',
      action: 'Check the address and the server.',
    },
    DISCOVERY_REDIRECTED: {
      doctor: ['discovery'],
      issuerCheck: true,
      meaning: 'The URL returns a redirect. Vendors do not follow redirects.',
      action: 'Serve the document at that URL itself.',
    },
    DISCOVERY_LARGE: {
      doctor: ['discovery'],
      issuerCheck: true,
      meaning: 'A document is larger than 64 KiB. How much vendors read is not documented.',
      action: 'Remove keys that no longer sign.',
    },
    DISCOVERY_ISSUER_MISMATCH: {
      doctor: ['discovery'],
      issuerCheck: true,
      meaning: 'The issuer in the discovery document differs from its URL. A trailing slash is significant.',
      action: 'Publish the document at the URL of its issuer, or correct the URL.',
    },
    DISCOVERY_FIELD_MISSING: {
      doctor: ['discovery'],
      issuerCheck: true,
      meaning:
        'The discovery document lacks one of the five required fields: issuer, jwks_uri, response_types_supported, subject_types_supported, id_token_signing_alg_values_supported.',
      action: 'Publish the document again.',
    },
    CONTENT_TYPE_INVALID: {
      doctor: ['discovery'],
      issuerCheck: true,
      meaning: 'The content type is neither `application/json` nor, for the JWKS, `application/jwk-set+json`.',
      action: 'Set the content type of the object or in the web server.',
    },
    CACHE_LIFETIME_MISSING: {
      doctor: ['discovery'],
      issuerCheck: true,
      meaning:
        'The response has no `Cache-Control` with a `max-age`, or has `no-cache`: each verifier chooses its own lifetime.',
      action: 'Serve it with `Cache-Control: public, max-age=300`.',
    },
    CACHE_LIFETIME_LONG: {
      doctor: ['discovery'],
      issuerCheck: true,
      meaning:
        'The document may be cached for more than an hour, and tokens of a new key can be refused during that time.',
      action: 'Serve it with `Cache-Control: public, max-age=300`.',
    },
    JWKS_URI_INVALID: {
      doctor: ['discovery'],
      issuerCheck: true,
      meaning: '`jwks_uri` is not an https URL.',
      action: 'Publish the document again, or set the public URL of the JWKS.',
    },
    ALGORITHM_UNLISTED: {
      doctor: ['discovery'],
      issuerCheck: true,
      meaning: '`id_token_signing_alg_values_supported` lacks the algorithm of a published key.',
      action: 'Publish the document again.',
    },
    ISSUER_UNUSABLE: {
      hops: ['discovery', 'trust'],
      doctor: ['discovery'],
      issuerCheck: true,
      meaning:
        'No vendor can read the metadata of this issuer: it is not an https URL, contains a user, query or fragment, or its host exists only inside the cluster.',
      action: 'Correct the URL, or change the issuer: [the steps](issuer-change.md).',
    },
    ISSUER_TOO_LONG: {
      doctor: ['discovery'],
      issuerCheck: true,
      meaning: 'The issuer is longer than a vendor accepts: 255 characters at AWS, 600 at Azure.',
      action: 'Choose a shorter path.',
    },
    ISSUER_PORT: {
      doctor: ['discovery'],
      issuerCheck: true,
      meaning: 'The issuer contains a port. AWS refuses it; Google and Azure do not document whether they accept it.',
      action: 'Serve the documents at port 443, and omit the port.',
    },
    ISSUER_TRAILING_SLASH: {
      doctor: ['discovery'],
      issuerCheck: true,
      meaning: 'The issuer ends in a slash, which must then be part of every token and every trust configuration.',
      action: 'Remove the slash before a trust configuration uses the issuer.',
    },
    ISSUER_ADDRESS_PRIVATE: {
      doctor: ['discovery'],
      issuerCheck: true,
      meaning: 'The host resolves to a private, loopback or link-local address on this machine.',
      action:
        'Serve the documents at a public address. If only this machine resolves the host so, run the check on another one.',
    },
  },
}

/** Responses and connections of any server. */
import type { Section } from '../explanation.ts'

export const responseSection: Section = {
  title: 'Any response',
  introduction:
    'Reported at the hop that sent the request. The content of such a response is not shown, since it can contain a credential.',
  codes: {
    RESPONSE_MALFORMED: {
      hops: ['any'],
      doctor: ['exchange', 'impersonation', 'registry', 'cluster'],
      meaning: 'The response does not match the documentation of the API. The usual cause is an HTML page of a proxy.',
      action: 'Check the endpoint, and that no proxy or sign-in page intercepts the request.',
    },
    RESPONSE_TOO_LARGE: {
      hops: ['any'],
      doctor: ['exchange', 'impersonation', 'registry', 'cluster'],
      meaning:
        'The response is longer than 1 MiB and was not read completely; or a list of a vendor has more pages than `trust` reads, so that nothing of it was used.',
      action:
        'Check the endpoint, and that no proxy or sign-in page intercepts the request. Of a list: remove entries that are not used.',
    },
    REDIRECT_REFUSED: {
      hops: ['any'],
      doctor: ['exchange', 'impersonation', 'registry'],
      meaning:
        'The response is a redirect, which would send a token to an address that is not configured. Redirects are not followed.',
      action: 'Set the final address as the endpoint.',
    },
    CERTIFICATE_UNTRUSTED: {
      hops: ['any'],
      doctor: ['cluster', 'discovery', 'exchange', 'impersonation', 'registry', 'events'],
      issuerCheck: true,
      meaning:
        "The server certificate is not trusted, has expired, or is for another name; nothing is sent. A proxy may intercept TLS. `issuer check` reports it if no public authority issued the certificate, regardless of `--ca-file`. At hop `exchange`, AWS or Alibaba Cloud does not trust the issuer's certificate (`aws.trust.thumbprints`, `alibaba.trust.fingerprints`); at hop `events`, a node does not trust the registry's.",
      action:
        'For a proxy or a private endpoint, pass the certificate of its authority: `--ca-file FILE`. For the cluster, set `certificate-authority` in the kubeconfig. For an issuer, use a certificate of a public authority.',
    },
    PROXY_FAILED: {
      hops: ['any'],
      doctor: ['cluster', 'exchange', 'impersonation', 'registry'],
      meaning:
        "The proxy of `HTTPS_PROXY` (or `https_proxy`, which takes precedence; for the API server the kubeconfig's `proxy-url`) cannot be reached, or opens no tunnel. 407: it requires credentials in its URL. Other statuses: its rules must allow `CONNECT` to port 443 of the host.",
      action: 'Check that the proxy runs and that `HTTPS_PROXY` is correct, or add the host to `NO_PROXY`.',
    },
  },
}

/** Responses and connections of any server. */
import type { Section } from '../explanation.ts'

export const responseSection: Section = {
  title: 'Any response',
  introduction:
    'Reported at the hop that sent the request, with exit code 1. The content of such a response is not shown, since it can contain a credential.',
  codes: {
    RESPONSE_MALFORMED: {
      hops: ['any'],
      doctor: ['exchange', 'impersonation', 'registry', 'cluster'],
      meaning: 'The response does not match the documentation of the API. The usual cause is an HTML page of a proxy.',
      example: `RESPONSE_MALFORMED (exchange): Google's token service responded with 200 at https://sts.googleapis.com/v1/token, but not in JSON: 37 bytes of "text/html"
  expected the response of the service itself, in JSON
  fix: check that no proxy or sign-in page intercepts this request, and that the endpoint is correct`,
    },
    RESPONSE_TOO_LARGE: {
      hops: ['any'],
      doctor: ['exchange', 'impersonation', 'registry', 'cluster'],
      meaning: 'The response is longer than 1 MiB and was not read completely.',
      example: `RESPONSE_TOO_LARGE (exchange): Google's token service returned more than 1048576 bytes at https://sts.googleapis.com/v1/token
  expected a short JSON response
  fix: check that no proxy or sign-in page intercepts this request, and that the endpoint is correct`,
    },
    REDIRECT_REFUSED: {
      hops: ['any'],
      doctor: ['exchange', 'impersonation', 'registry'],
      meaning:
        'The response is a redirect, which would send a token to an address that is not configured. Redirects are not followed.',
      example: `REDIRECT_REFUSED (exchange): Google's token service responded with 302, a redirect, at https://sts.googleapis.com/v1/token
  expected a response from this address: a token is never sent to another one
  fix: set the final address as the endpoint`,
    },
    CERTIFICATE_UNTRUSTED: {
      hops: ['any'],
      doctor: ['cluster', 'discovery', 'exchange', 'impersonation', 'registry', 'events'],
      issuerCheck: true,
      meaning:
        "The server certificate is not trusted, has expired, or is for another name; nothing is sent. A proxy may intercept TLS. `issuer check` reports it if no public authority issued the certificate, regardless of `--ca-file`. At hop `exchange`, AWS does not trust the issuer's certificate (`aws.trust.thumbprints`); at hop `events`, a node does not trust the registry's.",
      action:
        'For a proxy or a private endpoint, pass the certificate of its authority: `--ca-file FILE`. For the cluster, set `certificate-authority` in the kubeconfig. For an issuer, use a certificate of a public authority.',
      example: `CERTIFICATE_UNTRUSTED (exchange): the certificate at https://sts.googleapis.com/v1/token is not trusted: UNABLE_TO_VERIFY_LEAF_SIGNATURE
  expected a certificate for sts.googleapis.com from an authority that this machine trusts
  fix: if a proxy or a private endpoint uses a private certificate authority, add its certificate: --ca-file FILE`,
    },
    PROXY_FAILED: {
      hops: ['any'],
      doctor: ['cluster', 'exchange', 'impersonation', 'registry'],
      meaning:
        "The proxy of `HTTPS_PROXY` (or `https_proxy`, which takes precedence; for the API server the kubeconfig's `proxy-url`) cannot be reached, or does not open a tunnel. 407: it requires credentials in its URL; other statuses: its rules must allow `CONNECT` to port 443 of the host.",
      example: `PROXY_FAILED (exchange): the proxy proxy.example.com:3128 of HTTPS_PROXY failed: ECONNREFUSED; a tunnel to sts.googleapis.com:443 was requested
  expected a tunnel through this proxy
  fix: check that the proxy runs and that HTTPS_PROXY is correct, or add sts.googleapis.com to NO_PROXY to reach it directly`,
    },
  },
}

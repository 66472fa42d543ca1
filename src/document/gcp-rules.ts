/** Rules of the fields of `gcp` that few documents need. */
import { parseDuration } from '../outside/parse-duration.ts'
import type { TextRule } from './text-rule.ts'

const longestLifeSeconds = 43_200

/** Google's limits are 1 h, or 12 h where the organisation allows it; which of them holds is known only to Google. */
export const gcpLifetime: TextRule = {
  pattern: /^(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?$/,
  maxLength: 16,
  expected: 'a life from 1s to 12h, such as 3600s or 1h',
  knownMistake: (text) => {
    const seconds = (parseDuration(text) ?? 0) / 1000
    return seconds >= 1 && seconds <= longestLifeSeconds ? undefined : gcpLifetime.expected
  },
}

export const gcpScope: TextRule = {
  pattern: /^https:\/\/[a-z0-9.-]+\/[A-Za-z0-9._/-]+$/,
  maxLength: 256,
  expected: 'an OAuth scope, such as https://www.googleapis.com/auth/cloud-platform.read-only',
}

export const universeDomain: TextRule = {
  pattern: /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/,
  maxLength: 253,
  expected: 'a domain name, such as googleapis.com',
}

/** It becomes part of a host name, sts.REGION.rep.googleapis.com. */
export const stsRegion: TextRule = {
  pattern: /^[a-z][a-z0-9-]*[a-z0-9]$/,
  maxLength: 63,
  expected: 'a region, such as europe-west1',
}

/** Who is named here receives tokens: plain http only where nothing leaves the machine. */
export const originUrl: TextRule = {
  pattern:
    /^(?:https:\/\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|http:\/\/(?:localhost|127\.[0-9]+\.[0-9]+\.[0-9]+|\[::1\]))(?::[0-9]{1,5})?$/,
  maxLength: 300,
  expected: 'https://HOST[:PORT] without a path, or http:// to a loopback address',
}

/** Of Artifact Registry. https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.repositories */
export const artifactRepository: TextRule = {
  pattern:
    /^projects\/(?:[a-z0-9.-]+:)?[a-z0-9][a-z0-9-]{0,62}\/locations\/[a-z][a-z0-9-]{1,62}\/repositories\/[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
  maxLength: 256,
  expected: 'projects/PROJECT/locations/LOCATION/repositories/REPOSITORY',
  knownMistake: (text) => {
    const [, location, project, repository] =
      /^(?:https:\/\/)?([a-z0-9-]+)-docker\.pkg\.dev\/([a-z0-9.:-]+)\/([a-z0-9-]+)\/?$/.exec(text) ?? []
    return location === undefined
      ? undefined
      : `its resource name: projects/${project}/locations/${location}/repositories/${repository}`
  },
}

/** https://cloud.google.com/iam/docs/workload-identity-federation#conditions; Google takes 4096 characters of it. */
export const attributeCondition: TextRule = {
  pattern: /^\P{Cc}+$/u,
  maxLength: 4096,
  expected: "a condition in CEL on one line, such as assertion.sub.startsWith('system:serviceaccount:image-system:')",
}

/** An organization at Quay: robot accounts with their federations, and repositories with the roles of robots. https://github.com/quay/quay: data/database.py */
import { randomBytes } from 'node:crypto'

export interface FederationEntry {
  readonly issuer: string
  readonly subject: string
  /** As the verification of Quay 3.18 knows them, and its API does not set them. */
  readonly audiences?: readonly string[]
}

export interface Robot {
  /** `ORGANIZATION+ROBOT`. */
  readonly name: string
  readonly description: string
  /** Its password, which never expires. */
  token: string
  readonly teams: readonly string[]
  entries: readonly FederationEntry[]
}

export type Role = 'read' | 'write' | 'admin'

export interface QuayState {
  readonly organizations: Set<string>
  /** Each by name. */
  readonly robots: Map<string, Robot>
  /** By `ORGANIZATION/NAME`: the roles, by robot. */
  readonly repositories: Map<string, Map<string, Role>>
}

const signs = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

export const newPassword = (): string => Array.from(randomBytes(64), (byte) => signs[byte % signs.length]).join('')

export const createRobot = (name: string, description = ''): Robot => ({
  name,
  description,
  token: newPassword(),
  teams: [],
  entries: [],
})

export function deleteRobot({ robots, repositories }: QuayState, name: string): void {
  robots.delete(name)
  for (const roles of repositories.values()) roles.delete(name)
}

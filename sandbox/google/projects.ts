/** Projects: users write the ID, Google's resource names contain the number. */

export interface Project {
  readonly id: string
  readonly number: string
}

export interface Projects {
  readonly put: (id: string, number: string) => void
  readonly find: (idOrNumber: string) => Project | undefined
}

export function createProjects(): Projects {
  const projects: Project[] = []
  return {
    put: (id, number) => void projects.push({ id, number }),
    find: (idOrNumber) => projects.find(({ id, number }) => idOrNumber === id || idOrNumber === number),
  }
}

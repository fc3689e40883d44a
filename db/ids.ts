// UUIDv7 (RFC 9562): made in the application, ordered by time, so that primary keys serve “newest first” lists.
export { v7 as newId } from 'uuid'

/** The least id of a time, from 1970 on: ids are in the order of their times. */
export const leastIdOf = (time: Date): string => {
  const hex = Math.max(0, time.getTime()).toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

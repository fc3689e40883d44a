// UUIDv7 (RFC 9562): made in the application, ordered by time, so that primary keys serve “newest first” lists.
export { v7 as newId } from 'uuid'

// How long a request's line and headers may be together; Node's parser refuses more with 431 before any route is found.

export const maxHeaderBytes = 16_384

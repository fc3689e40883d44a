// The platform key that histories are recorded with, so that they can be replayed. It protects nothing else.

export const historyKey = 'histories:aGlzdG9yaWVzIGFyZSByZWNvcmRlZCB3aXRoIGl0Li4='

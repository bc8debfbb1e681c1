// Does in the process of a command what a package does that makes a deprecated call of Node.
setImmediate(() => process.emitWarning('not for users', 'DeprecationWarning', 'DEP0123'));

/** The command line: `commands` declares and checks what is typed, `actions` does it. */

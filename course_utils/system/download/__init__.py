"""Files from servers: continued, checked by digest, from whichever address answers."""

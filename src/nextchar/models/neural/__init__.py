"""The nets and how they are trained; the only place where torch is used."""

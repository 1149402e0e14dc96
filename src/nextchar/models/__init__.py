"""The models: one interface (`protocol`), and one file for each that offers it."""

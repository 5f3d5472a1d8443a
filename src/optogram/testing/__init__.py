"""Contract suites, public: what every method must satisfy, a third party's too. Nothing but tests imports this package."""

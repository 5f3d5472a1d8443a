"""The atlas: a folder that holds everything known of one network, and is a web site.

    my-atlas/
      index.html, assets/            the viewer
      manifest.json                  what is here: networks, sites, claims, findings, provenance (`schema.py`)
      schema.json                    the JSON Schema of the manifest
      data/NETWORK/NNN-SITE/         one folder a site, the number in front because file systems may ignore case
        units-HASH.parquet           one row a unit (`tables.py`)
        exemplars-K-HASH.parquet     one row an exemplar, of 256 units
        references-HASH.parquet      of some units the strongest and weakest photographs of either half, for the quiz
        evidence-HASH.parquet        one row a unit, claim and null
        plates-K-HASH.pack           16 units' exemplar plates (WebP), concatenated; offsets stand in `units`
        pictures-K-HASH.pack         16 units' synthesised pictures (WebP), likewise
        references-K-HASH.pack       what of the references is not on the plates (JPEG), likewise
        VIEW-SIZE-K-HASH.webp        sprite sheets for the site's grid
      data/NETWORK/photographs/      photographs with attribution
      left-out.csv                   files that could not be read, and why

Names carry a hash of the content, so that a rebuilt atlas never mixes versions; only `manifest.json` keeps its name.
"""

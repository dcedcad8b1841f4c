"""``python -m benchmarks``: the whole run."""

from benchmarks.run import main

raise SystemExit(main())

"""The simulator's own paths, for those who test with it: no credentials, no faults, not in the log of requests.

* ``GET /simulator/books[?at=]``: the truth now, or at a time in Unix seconds: ``{"now", "entries"}``, see `books`.
* ``GET /simulator/world``: projects and their graphs, with the ids of both planes.
* ``POST /simulator/jobs``: add a job: ``{"plan": …, "project", "graph", "node"}``; the plan as in `Plan`. Without
  ``graph`` it goes to the task centre, where the plan's own ``graph`` is the related one; without ``project`` (name
  or id) to the first. Answers ``{"id"}``.
* ``POST /simulator/jobs/{id}``: end a job now: ``{"outcome", "reason"}``.
* ``DELETE /simulator/jobs/{id}``: take a job out of all lists.
* ``POST /simulator/lists``: change a list: ``{"project", "graph", "node", "order", "cap", "max_age", "prune"}``.
* ``POST /simulator/graphs``: change a graph: ``{"project", "graph", "status", "floating"}`` (the node in charge); with
  ``edition`` it is made if there is none.
* ``DELETE /simulator/graphs/{name}``: delete the instance of this name and the graphs in it.
* ``GET``, ``POST``, ``DELETE /simulator/faults``: list them; add one or an array, ``start`` counted from now; clear.
* ``GET``, ``DELETE /simulator/requests``: counts by method, path and code, the latest ones, the peak at once; clear.
* ``GET /simulator/iam``, ``DELETE /simulator/iam/tokens``: tokens made and wrong passwords tried; revoke all tokens.
"""

from __future__ import annotations

from ges_exporter.simulator.admin import changes, reports

ROUTES = [*reports.ROUTES, *changes.ROUTES]

"""The schedule of ``living``: what happens, when, and how often.

Times are seconds from the beginning of the world; all of it goes on for ever. What there is to see beside the ordinary,
and when for the first time (minutes and seconds):

=============================================  ===============================================  ===================
condition                                      where                                            from
=============================================  ===============================================  ===================
import lines rejected                          movie, ``ImportGraph``                           1:00
last run failed, later succeeded               fraud, ``ImportGraph``                           0:40, cleared 2:50
failure ratio high                             fraud, ``cluster_coefficient``                   0:30 to 10:30
stuck, its progress stalled at 37 %            movie, ``closeness``                             0:40 to 40:40
pending long                                   fraud, ``subgraph_matching``                     0:30
backlog growing                                fraud, ``connected_component``                   1:00 to 2:30
no success for a while                         fraud, ``personalrank``                          0:10 to 8:10
never succeeded                                fraud, ``ExportGraph``                           always
import without line counts                     fraud; task centre, of fraud                     1:30
a status that nobody knows (``stopped``)       movie, ``label_propagation``                     1:20
cancelled: leaves the list while it runs       movie, ``k_core``                                1:35
one graph answers 503                          fraud                                            1:30 for 35 s
a token is refused                             social                                           2:30 for 25 s
another node with an old list                  fraud                                            2:50 for 30 s
one of two nodes answers 503                   social, as ``localhost``                         3:10 for 40 s
throttled                                      task centre v2                                   3:30 for 20 s
the management plane fails                     task centre, discovery                           3:52 for 68 s
slow answers                                   movie                                            4:05 for 20 s
a tenth kind of job                            movie, ``triangle_count``                        3:00
connections cut                                social                                           4:30 for 10 s
tokens expire soon                             they live ten minutes                            always
old jobs are pruned                            movie (120 jobs), social (60), fraud (half hour)  always
=============================================  ===============================================  ===================
"""

from __future__ import annotations

from ges_exporter.simulator.faults import Fault
from ges_exporter.simulator.timetable import Row

PROJECT_ID = "0d5f1e2a9c7b4e63a8f40b1d2c3e4f5a"
STANDBY = "127.0.0.3"
"""The address of the node of ``fraud`` that keeps an old list."""
OTHER_NODE = "localhost"
"""The other address of ``social``, as if it had another node."""

_MEMORY = "Running algorithm [{}] error: not enough memory, required 48.2GB, available 31.7GB"
_OBS = "Import graph failed: OBS object graphs/edge.csv is not accessible, please check the bucket policy"
_ROWS = "Import graph partially failed: rejected rows exceed 10%, first error: vertex id of edge does not exist"

MOVIE = (
    Row(
        job_type="Algorithm",
        algorithm="pagerank",
        first=5,
        every=40,
        wait=(0, 2),
        run=(4, 25),
        outcomes="ssssssssssf",
        reasons=("Running algorithm [pagerank] error: parameter [alpha] must be in (0,1)!",),
    ),
    Row(
        job_type="Algorithm",
        algorithm="shortest_path",
        first=8,
        every=15,
        run=(0.3, 3),
        outcomes="sssssssfssssss",
        reasons=("Running algorithm [shortest_path] error: parameter [source] is invalid!",),
    ),
    Row(job_type="Algorithm", algorithm="louvain", first=20, every=150, wait=(1, 6), run=(50, 130)),
    Row(job_type="Algorithm", algorithm="node2vec", first=70, every=900, wait=(2, 10), run=(300, 600)),
    Row(job_type="Algorithm", algorithm="label_propagation", first=50, every=300, run=(10, 30), outcomes="uss"),
    Row(job_type="Algorithm", algorithm="k_core", first=65, every=280, run=(50, 70), outcomes="xss"),
    Row(
        job_type="Algorithm",
        algorithm="closeness",
        first=40,
        every=2700,
        history=False,
        run=(2400, 2400),
        stalls=0.37,
        outcomes="f",
        reasons=("Running algorithm [closeness] error: task timeout",),
    ),
    Row(job_type="Algorithm", algorithm="triangle_count", first=180, every=600, history=False, run=(5, 20)),
    Row(
        job_type="ImportGraph",
        first=30,
        every=240,
        wait=(2, 6),
        run=(25, 45),
        rejects=(0.03, 0, 0, 0.001),
    ),
    Row(job_type="VertexQuery", first=12, every=50, run=(1, 4)),
)

FRAUD = (
    Row(
        job_type="Algorithm",
        algorithm="cluster_coefficient",
        first=15,
        every=30,
        run=(3, 12),
        outcomes="ffs" * 7 + "s" * 19,
        reasons=(_MEMORY.format("cluster_coefficient"),),
    ),
    Row(
        job_type="Algorithm",
        algorithm="connected_component",
        first=60,
        every=600,
        burst=(18, 5, 25),
        run=(20, 25),
    ),
    Row(
        job_type="Algorithm",
        algorithm="personalrank",
        first=10,
        every=60,
        run=(5, 20),
        outcomes="f" * 8 + "s" * 22,
        reasons=("Running algorithm [personalrank] error: source vertex does not exist!",),
    ),
    Row(job_type="Algorithm", algorithm="subgraph_matching", first=30, every=1500, wait=(480, 600), run=(20, 40)),
    Row(
        job_type="ImportGraph",
        first=25,
        every=120,
        wait=(1, 4),
        run=(10, 25),
        outcomes="fspsss",
        reasons=(_OBS, _OBS, _ROWS, _OBS, _OBS, _OBS),
        rejects=(0.4, 0, 0.12, 0, 0.002, 0),
    ),
    Row(job_type="ImportGraph", first=75, every=360, run=(10, 20), rejects=(None,)),
    Row(
        job_type="ExportGraph",
        first=35,
        every=600,
        run=(5, 15),
        outcomes="f",
        reasons=("Export graph failed: no permission to write to the OBS path",),
    ),
)

SOCIAL = (
    Row(
        job_type="import_graph",
        first=15,
        every=75,
        wait=(3, 10),
        run=(15, 40),
        outcomes="csfccs",
        rejects=(0,),
    ),
    Row(job_type="batch_build_index", first=40, every=110, wait=(0, 5), run=(5, 20), outcomes="cccsf"),
    Row(job_type="export_graph", first=100, every=400, run=(10, 30), outcomes="c"),
)

CENTRE = (
    Row(
        job_type="ImportGraph",
        graph="movie",
        first=20,
        every=180,
        wait=(5, 15),
        run=(20, 40),
        outcomes="spsf",
        reasons=(_OBS, _ROWS, _ROWS, _OBS),
        rejects=(0, 0.05, 0, 0.5),
    ),
    Row(
        job_type="ImportGraph",
        graph="fraud",
        first=50,
        every=210,
        wait=(2, 8),
        run=(20, 30),
        rejects=(0,),
        counts="never",
    ),
    Row(job_type="ImportGraph", graph="social", first=110, every=260, run=(20, 40), rejects=(0.01, 0), counts="list"),
    Row(
        job_type="ExportGraph",
        graph="movie",
        first=45,
        every=240,
        wait=(1, 5),
        run=(8, 25),
        outcomes="fsss",
        reasons=("Export graph failed: the OBS bucket does not exist",),
    ),
    Row(job_type="BackupGraph", graph="movie", first=80, every=600, wait=(2, 5), run=(60, 120)),
    Row(job_type="UpgradeGraph", graph="fraud", first=130, every=3600, wait=(200, 300), run=(60, 90)),
    Row(job_type="StartGraph", graph="archive", first=400, every=1800, run=(90, 150)),
    Row(job_type="StopGraph", graph="archive", first=1000, every=1800, run=(30, 60)),
)

FAULTS = (
    Fault(kind="status", value=503, path="/ges/", graph="fraud", start=90, seconds=35, every=900),
    Fault(kind="status", value=500, path=f"/v2/{PROJECT_ID}/graphs", start=232, seconds=68, every=1800),
    Fault(kind="bad_token", path="/ges/", graph="social", start=150, seconds=25, every=1200),
    Fault(kind="failover", value=STANDBY, graph="fraud", start=170, seconds=30, every=3600),
    Fault(kind="status", value=503, path="/ges/", host=OTHER_NODE, start=190, seconds=40, every=900),
    Fault(kind="throttle", value=5, path=f"/v2/{PROJECT_ID}/graphs/jobs", start=210, seconds=20, every=720),
    Fault(kind="latency", value=1.5, path="/ges/", graph="movie", start=245, seconds=20, every=1500),
    Fault(kind="reset", path="/ges/", graph="social", start=270, seconds=10, every=1800),
)

"""The recorder stands on parts of Locust that nobody promised to keep. Each is named here, so that a
new Locust which moved one fails in a second and by name, not as a record that is quietly missing.
"""

import ast
import subprocess
import sys

SEAMS = """
import inspect
import gevent, locust.main, locust.runners, geventhttpclient.client
from locust import FastHttpUser, TaskSet, User
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from locust.stats import StatsCSVFileWriter
from locust.user.task import DefaultTaskSet

main = inspect.getsource(locust.main.main)
master_quit = inspect.getsource(locust.runners.MasterRunner.quit)
worker = inspect.getsource(locust.runners.WorkerRunner.__init__)
dispatch = inspect.getsource(__import__("locust.dispatch").dispatch.UsersDispatcher._sort_workers)
writer = inspect.getsource(StatsCSVFileWriter)
fast = inspect.signature(FastHttpSession.request).parameters
slow = inspect.signature(HttpSession.request).parameters
print({
    "main looks create_environment up when it runs": " = create_environment(" in main,
    "main looks get_parser up when it runs": "parser = get_parser()" in main,
    "main forks its workers through gevent": "gevent.fork()" in main,
    "main installs its SIGTERM handler through gevent": "gevent.signal_handler(signal.SIGTERM" in main,
    "main closes the CSV files last": "stats_csv_writer.close_files()\\n        sys.exit" in main,
    "main fires init before the run": main.index("events.init.fire") < main.index("runner.start,"),
    "the master's quit sends quit and sleeps": "gevent.sleep(0.5)" in master_quit,
    "a worker's id ends with a uuid": 'socket.gethostname() + "_" + uuid4().hex' in worker,
    "workers are dealt users by their ids": "key=lambda w: w.id" in dispatch,
    "the master hears its workers in one place": hasattr(locust.runners.MasterRunner, "handle_message"),
    "the report interval can be set": hasattr(locust.runners, "WORKER_REPORT_INTERVAL"),
    "both sessions take headers and context": {"headers", "context"} <= set(fast) and "context" in slow,
    "the fast client has its retry switch": hasattr(geventhttpclient.client, "_may_retry_after_send_error"),
    "the fast client's limits are the class's": hasattr(FastHttpUser, "network_timeout"),
    "users begin in start": list(inspect.signature(User.start).parameters) == ["self", "group"],
    "a task set waits as we do in its place": inspect.getsource(TaskSet.wait).endswith(
        "if self.user._state == LOCUST_STATE_STOPPING:\\n            raise StopUser()\\n"
        "        self.user._state = LOCUST_STATE_WAITING\\n"
        "        self._sleep(self.wait_time())\\n"
        "        if self.user._state == LOCUST_STATE_STOPPING:\\n            raise StopUser()\\n"
        "        self.user._state = LOCUST_STATE_RUNNING\\n"
    ),
    "throughput is pacing": "return constant_pacing(" in inspect.getsource(locust.constant_throughput),
    "who waits for nothing waits constantly": User.wait_time.__qualname__ == "constant.<locals>.<lambda>",
    "time.sleep is gevent's": __import__("time").sleep is gevent.sleep,
    "users run in run": ".run()" in inspect.getsource(User.start),
    "tasks pass through three methods": all(
        hasattr(TaskSet, name) for name in ("get_next_task", "execute_next_task", "wait")
    ),
    "the default task set chooses by itself": "get_next_task" in vars(DefaultTaskSet),
    "the CSV writer has the parts of its last write": all(
        part in writer for part in (
            "requests_csv_filehandle", "failures_csv_filehandle", "exceptions_csv_filehandle",
            "_requests_data_rows", "_failures_data_rows", "_exceptions_data_rows",
            "_stats_history_data_rows", "stats_history_csv_columns",
        )
    ),
})
"""


def test_every_seam_that_the_recorder_stands_on_is_there() -> None:
    """In a process of its own: importing Locust here would patch every socket of the tests."""
    found = subprocess.run(
        [sys.executable, "-c", SEAMS], capture_output=True, text=True, check=True, timeout=60
    )
    seams = ast.literal_eval(found.stdout)

    assert [] == [name for name, there in seams.items() if not there]
    assert 23 == len(seams)

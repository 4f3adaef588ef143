"""Mistakes in asking: at the command line, about oneself, about what there is."""

from mistake_world import CREATE, DATASET, Mistake, another_hub, ended
from servers import free_port

OF_USE = (
    # commands
    Mistake("mistype a verb", lambda w: w.cli("specs", "creat"), "No such command 'creat'", "Did you mean 'create'"),
    Mistake("mistype a noun", lambda w: w.cli("spec", "list"), "No such command 'spec'", "Did you mean 'specs'"),
    Mistake(
        "ask for XML", lambda w: w.cli("specs", "list", "-o", "xml"), "'xml' is not one of", "'table', 'json', 'yaml'"
    ),
    Mistake("wrong status", lambda w: w.cli("jobs", "list", "--status", "done"), "'done' is not one of", "'completed'"),
    Mistake("say nothing", lambda w: w.cli("specs", "create"), "what is the pact about", "`--dataset` and `--model`"),
    Mistake("no help on it", lambda w: w.cli("help", "me"), "no help on `me`", "`fedpact NOUN --help`"),
    Mistake(
        "search by two",
        lambda w: w.cli("specs", "list", "--dataset", "a", "--model", "b"),
        "not by several",
        "search by one of",
    ),
    # who and where
    Mistake(
        "nobody logged in", lambda w: w.cli("whoami", "--as", "new"), "nobody is logged in as `new`", "--as new login`"
    ),
    Mistake("a name nobody has", lambda w: w.cli("login", "--user", "adda"), "`adda` is no person", "check the name"),
    Mistake("a login of another hub", another_hub, "`default` is logged in at", "`fedpact login`"),
    Mistake(
        "a hub that is not there",
        lambda w: w.cli("login", "--user", "ada", "--url", f"http://127.0.0.1:{free_port()}", "--as", "x"),
        "nobody answers at http://127.0.0.1:",
        "see that the federation is up (`fedpact up`)",
    ),
    Mistake(
        "no URL", lambda w: w.cli("whoami", "--url", "portal"), "`portal` is not the URL", "https://portal.example.org"
    ),
    Mistake(
        "a token in the clear", lambda w: w.cli("whoami", "--url", "http://example.org"), "unencrypted", "use https"
    ),
    Mistake(
        "an id without its secret",
        lambda w: w.cli("whoami", environ={"FEDPACT_CLIENT_ID": "bot"}),
        "FEDPACT_CLIENT_SECRET_FILE is not",
        "name the secret's file",
    ),
    Mistake(
        "no token file",
        lambda w: w.cli("whoami", environ={"FEDPACT_TOKEN_FILE": "/nowhere"}),
        "`/nowhere` cannot be read",
        "check the path and its permissions",
    ),
    Mistake(
        "a token that is none",
        lambda w: w.api("GET", "/v1/me", headers={"Authorization": "Bearer abc"}),
        "not a token of three parts",
        "log in again",
    ),
    Mistake(
        "a token that was forged",
        lambda w: w.sdk(lambda fp: fp.me(), token=w.tokens["ada"][:-6] + "AAAAAA"),
        "does not believe this token",
        "get a new one",
    ),
    Mistake(
        "a login that has ended",
        ended,
        "login",
        "`fedpact --as old login`",
    ),
    Mistake(
        "no token",
        lambda w: w.api("GET", "/v1/me", headers={"Authorization": ""}),
        "log in first",
        "`Authorization: Bearer`",
    ),
    Mistake(
        "the wrong role",
        lambda w: w.cli(*CREATE, "--as", "lakeside-steward"),
        "needs the role `data_scientist`",
        "ask the owner",
    ),
    Mistake(
        "a role for the admin only",
        lambda w: w.cli("orgs", "register", "new", "--name", "New"),
        "needs the role `admin`",
        "ask the federation's admin",
    ),
    Mistake(
        "a role there is not",
        lambda w: w.cli("users", "change", "ada", "--role", "boss", "--as", "root"),
        "'boss' is not one of",
        "'data_scientist'",
    ),
    Mistake(
        "change nothing",
        lambda w: w.cli("users", "change", "ada", "--as", "root"),
        "what is to change",
        "`--role`, `--group`",
    ),
    Mistake(
        "a user of no organization",
        lambda w: w.cli("users", "register", "bob", "--name", "Bob", "--organization", "nope", "--as", "root"),
        "`nope` is not registered",
        "register the organization first",
    ),
    # what there is
    Mistake("a spec there is not", lambda w: w.cli("specs", "get", "s-9"), "no spec `s-9`", "`fedpact specs list`"),
    Mistake("a job there is not", lambda w: w.cli("jobs", "wait", "j-9"), "no job `j-9`", "`fedpact jobs list`"),
    Mistake(
        "a mistyped model",
        lambda w: w.cli("models", "get", "statistcs"),
        "no model `statistcs`",
        "did you mean `statistics`",
    ),
    Mistake(
        "a mistyped model in a spec",
        lambda w: w.cli("specs", "create", "--model", "statistic@0.1.0", "--dataset", DATASET),
        "no model `statistic` is registered",
        "did you mean `statistics`",
    ),
    Mistake(
        "a version there is not",
        lambda w: w.cli("specs", "create", "--model", "statistics@2.0.0", "--dataset", DATASET),
        "has no version `2.0.0`",
        "use one of `0.1.0`",
    ),
    Mistake(
        "no version",
        lambda w: w.cli("specs", "create", "--model", "statistics", "--dataset", DATASET),
        "does not say which version",
        "ID@VERSION",
    ),
    Mistake(
        "an unknown dataset",
        lambda w: w.cli(
            "specs", "create", "--model", "statistics@0.1.0", "--dataset", DATASET.replace("cohort", "cohrt")
        ),
        "no dataset `cohrt_gateway-1_lakeside` is registered",
        f"did you mean `{DATASET}`",
    ),
    Mistake(
        "a dataset by its first name",
        lambda w: w.cli("specs", "create", "--model", "statistics@0.1.0", "--dataset", "cohort"),
        "`<name>_<gateway>_<organization>`",
        "`fedpact datasets list`",
    ),
    Mistake("an id that is taken", lambda w: w.cli(*CREATE, "--id", "s-1"), "the id `s-1` is taken", "choose another"),
    Mistake(
        "capitals in an id",
        lambda w: w.cli(*CREATE, "--id", "S_1"),
        "`spec_id` is wrong",
        "use 1 to 40 of a-z, 0-9 and `-`",
    ),
    Mistake(
        "more than there is",
        lambda w: w.cli(*CREATE, "--client-cpu", "900", "--wait"),
        "lacks cpu: wanted 900, available",
        "ask for less",
    ),
    Mistake(
        "parameters out of bounds",
        lambda w: w.cli(*CREATE, "--parameters", '{"bins": 3000}', "--wait"),
        "`bins` must be at most 20",
        "(use `20`)",
    ),
    Mistake(
        "activate what is rejected", lambda w: w.cli("specs", "activate", "s-2"), "no policy", "`fedpact specs why s-2`"
    ),
    Mistake(
        "activate another's",
        lambda w: w.cli("specs", "activate", "s-1", "--as", "mia"),
        "only its creator",
        "ask `ada`",
    ),
    Mistake(
        "stop another's", lambda w: w.cli("specs", "deactivate", "s-1", "--as", "mia"), "only its creator", "ask `ada`"
    ),
    Mistake(
        "an older generation",
        lambda w: w.cli("specs", "activate", "s-1", "--expected-generation", "4"),
        "you expected generation 4, it is 0",
        "look at the spec again",
    ),
    Mistake(
        "a job too early",
        lambda w: w.cli("jobs", "submit", "s-1", "--wait"),
        "inactive.awaiting_activation",
        "activate it first",
    ),
    Mistake(
        "listen to nobody", lambda w: w.cli("events", "tail", "--spec", "s-9"), "no spec `s-9`", "`fedpact specs list`"
    ),
)

"""`python -m infra.local` is `engage-sms`."""

from infra.local.command import main

if __name__ == "__main__":
    main()

"""A board's health page, gzip in base64; made by tools/assets/docs_page.py from tools/assets/health."""

DIGEST = "11c167c3f177ffec"
SIZE = 2316
POLICY = (
    "default-src 'none'; script-src 'sha256-wIPcyb01D8ooMdoQ/n4HGiPllLWgn2p0+ojeneYEqJs='; style-src 'sha"
    "256-7jegAnjjUgwmHZRoL3/nYLMJhsLxdf6WBMIKTrZw57Y='; connect-src 'self' ws: wss:; img-src data:; base-"
    "uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PIECES = (
    "H4sIAAAAAAACA41YW2/jNhZ+96/gKChgdS3ZchzHIzvZ7RRd7GI7fVgs0IdBMKAlyuJaN5B0HK/r/77fISXZiTNtX2KS5/Cc79yprD6kdWIO"
    "jWC5KYvHwYp+WMGrzYMnKo8OBE/xUwrDWZJzpYV58HYmCxZed1zxUjx4z1Lsm1oZjyV1ZUQFtr1MTf6QimeZiMBuRrKSRvIi0AkvxEP0RkZS"
    "F7UCLReluJBTyE1uWMrVlviNNIV4/IfghclXY7cbrLQ50G+s6tocg2C9iW+yWTbPFssgSLhKsc0yrGW1jW+i+XQy5dilsoxv7tbz9T3tClmJ"
    "+CbNxJ2g7aaucS2a3fPZGts1x259O51Hwu5UfDO9m98mH0+Dv5UilXzYKJEJpYNLM2KC7R8vcUWTaB4lPa5oMY0sGAtNzEWa3XbQPt7y2/Vt"
    "D23Kb+9n0x7aLEluF7yDlmULvph00OaCLzJxOg2+P67rl0DL/8lqE69rlQoV4OQ0WNfp4VhytZFVPFmuebLdqHpXpfEzV0NC6i+tIe0e6Pxl",
    "hpDE0bx5GUfh7I7pgzaiDHZypHmlAy2UzE6DkssKgl9cyOO7hRLlslXEd6ZeNjxNCU0EwmmQR0cSSxBFHIW3dxfs4QwbNmHEuUylbgp+iLNC"
    "vCw3vInDezrmSI8qkACi4wT5ItSSOIK9Agv9IRVsfaEkXFgdHYwwoi1z0loPKZ7KnbYI26M4al6YrguZsmSnFBT9SN555SMKi+/UhYjJ8ZKG"
    "vSPpkheFQ7MXlNnxbDJ5JQahd66+hHsahBsl02PnBdos6U8Ay3FiBOXdrqx0rEQjuBmSr4NMFsWolBXiMbR2jqJM+b7z38LK1SIxsq6OVylA"
    "+elfm++IlJH+G3c5F/Z+JfEsutQRIiXE0aJ2YONoHERwy/RVeC4yYILotzlx5SIjXkxgFFIvq1UZ75pGqIRrsSyEQRoEuuGJBTKZE4a0+DPO"
    "I68x+Mh5KLKZ8QoQBJnjWyw4TM/FZIHZvIwVRdgFE9yS47falSiUJDZ8vSu4or1e1s9CZUW9d2nLq8M+F0og6KjmY+7yJLy7ztBw6g7fxs6F",
    "p5Ma5zJNRdWX1Z0rq3DqEgs6mOydsy7qZLtsdUaTyXfvNAeuYDIMKMSxxQOPFLzRIu4WS1f+VsBFcD9alSYdmfx44adCZOacOVNXke6v20w6"
    "w03dfCMZYayRGCytSDB+061Q/n7FXZRkm/gTQhtWwBtWx6vI7nN0HptpIq5q0vLHwT4Nmi5XbATYdfmfBqtxO9JW43YGU8OmeYn2SoM5amcg"
    "W62ZTB88bbjZae8xDMPVeP24sn3GUWyb9h4hks7wi8uDVSqfWVJwrR88KgXP8toVOEAk1a0ynSjZmMeBt9OCaQODjLccYEBrw+gGe2B4SMDU"
    "yoQbYX4qBC0/Hf6ZDp1Ev+N2KH+Pv7Wjv7Fdg7tiD4/0B6sdrPor8wKPxThZsWgynU1wUrG/MI99Oh/PFnf3c6J85oidTd9hxcb2gm+Z/yUt"
    "+xXd3nQsn8HSY284IDBNWDSpmJJ0bfk0CaLD++mk14nMq9VQQ+Z84sShE3eM0f108R7r7XzSMuc9uDN1MZ915JQfNLBlu8r2VlbyrRgavhkx",
    "ytIRazhNqRHbyir12bE1oq7EpfcThVEh2gDQbfhdZmxIItgH526fLoV08qN7kkEA7RynE08cNpl+wUsOdDpdDhyEkKMzw7k1FelACbNTFV1Y"
    "Dk5n9DRshvY1R8il0iNGXabHjTcLxFobvXaaeCMLb2RTEJIdMZ/ivBWES6091OJ6cxyj7O+7PVK+P8HFEfNwyfP90BZiaNsZINiAII5DdLZR"
    "u8NwnVi87Hukz8S3AfquT5xCatODT4tLLYCH4cWGjvELvYNHaGrFTjyxOnOeICeQDfa4r4HffmPdwQPzPN++l2W1E50jUkOKrEAC0DsoTb1W"
    "RU84XUZC1XvdRYJajya2SuAHs9Ic/nxI4EGa994fhOaDlR4WotqY3Gdtfrgbjddq7S44zXby9Lrt7o1THR/BP7OpnsfeAJc1L0QAfuJJPhzm"
    "IyZ9qu72Qo4LuXMCKNR1bPXC2a/DRgZQtKwhZ//Akb+nnLjPup/f6LZBGpGMa9WvwqXzej/MSSv5/E2ZeshB11DfEPLQHffky+LtiC616q1H",
    "+q16vGIh8du9200a/1qZJXRhKe0Z3NqMqJsSXShMaiSa3aHbgbK3673M5Ihxu0YfgQhqFN6/d1WFpwKc9OWLBydiQe15mIe7xshS+E+g0CxR"
    "RqRsfaBIhkrg8/VrwjHFLHmNjzJLoMXTk98J/yzKWtGVMsyUEBdjB8pkxXAfxO16WIZYpv7TE3xDOMDcEWjtQGDsbwSVC72rOnJ76DjeFTka"
    "XGm3PzFzLBgGLTOaTauvrSjkoDMEIahcYWrnKTxRyFNhcibYWYLk9bDQ1Mq+JoVE3LSFxpNENHChvdVtLAUfu6TcEto1QL+RPX4tsvfwz4iw"
    "Q0SPb+ZgFfDK5mvpEJXacwAM29dKG0u3q0uOp9bifWfxrzL4u3SSKYfJqXubzS7ilTCQsXWnWjpL8OpEZmh72K4dM6rBHua1NrQhtUhOPDEd"
    "No13IC8si4K060i153ZafyrdpaK2xuwhSGvhTKGMvbCGd9b80DQFXrRtZ4VNKBLtNjxs11ZoVhd4q9pj5SqD5oM3dirRJfBms0h5aFf2eCOf",
    "BTKvsccZlwVFkCY0DQDv15y3OYsMM7lgRRszb5/X+KXIlM4Wr8VPIWpvIOrNcE397Ms6xAX05fAcN9rZO08+bv9SmxyIQ6/X/TNHvQilEO5W"
    "I7/QQ3MlFxXpy0PHFWr4SQx9ZCK5hVYEAMXzOPji3i4YJE4nLajgbXdztU/POOoel9O86yQsAD83bqYzvqldI6RbVDJOVmsHGrpn+zPXhyph"
    "fY/GZ8l2SC3aqAP+2pbN91wa1v5kwmAIUGrZz+QGONzkPtLwgUUxO/5gqw+6+Tkrxv/VyIbTCa8UWg3tdEDyQBobCtL4bvdHH2D4bN4jZd4d"
    "AG2fp+928x/4oN7hbQgbRgyv24m10Jm0pO+U9uMAXx3uC2Xs/pn4f66qOSNdFAAA",
)

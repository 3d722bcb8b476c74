@rem Starts install.ps1 beside it, which tells its options; scripts need no other permission this way.
@powershell.exe -NoProfile -ExecutionPolicy Bypass -File "%~dp0install.ps1" %*
@exit /b %ERRORLEVEL%
